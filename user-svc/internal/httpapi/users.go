package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/httpserver"
	"streamgate/libs/listing"
	"streamgate/user-svc/internal/account"
)

// signUp creates an account: POST /users.
func (a *API) signUp(c *gin.Context) error {
	var given struct {
		Email    string  `json:"email"`
		Password string  `json:"password"`
		Name     *string `json:"name"`
		Picture  *string `json:"picture"`
	}
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	if err := allow(c, a.signUps, "sign-ups"); err != nil {
		return err
	}
	created, err := a.Accounts.SignUp(c.Request.Context(), account.Registration{
		Email: given.Email, Password: given.Password, Name: given.Name, Picture: given.Picture, From: source(c),
	})
	if err != nil {
		return err
	}
	c.Header("Location", "/users/"+created.ID)
	c.PureJSON(http.StatusCreated, newCreatedDTO(created))
	return nil
}

// publicProfile shows the public view of an account: GET /users/:id. It needs no token, and ignores one.
func (a *API) publicProfile(c *gin.Context) error {
	if _, _, err := bind.TakeFormField(c, "access_token"); err != nil {
		return err
	}
	found, err := a.find(c)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, newProfileDTO(found))
	return nil
}

// find returns the account that the path names, for a request without query or body.
func (a *API) find(c *gin.Context) (account.Account, error) {
	if err := bind.Nothing(c); err != nil {
		return account.Account{}, err
	}
	return a.Accounts.ByID(c.Request.Context(), c.Param("id"))
}

// accountList describes the list of GET /users.
var accountList = listing.Spec{
	Sortable:    []string{"createdAt", "name", "email"},
	Fields:      []string{"id", "name", "picture", "email", "role", "plan", "createdAt"},
	DefaultSort: []listing.SortKey{{Field: "createdAt", Descending: true}},
}

// listAccounts lists accounts: GET /users.
func (a *API) listAccounts(c *gin.Context) error {
	if err := a.admin(c); err != nil {
		return err
	}
	query, err := listing.Parse(c, accountList)
	if err == nil {
		err = bind.Body(c, &struct{}{})
	}
	if err != nil {
		return err
	}
	accounts, total, err := a.Accounts.List(c.Request.Context(), account.Query{Query: query})
	if err != nil {
		return err
	}
	dtos := make([]accountDTO, len(accounts))
	for i := range accounts {
		dtos[i] = newAccountDTO(accounts[i])
	}
	c.Header("Cache-Control", "no-store")
	return listing.Answer(c, query, dtos, total)
}

// editAccount changes an account: PUT /users/:id.
func (a *API) editAccount(c *gin.Context) error {
	if err := a.admin(c); err != nil {
		return err
	}
	var given struct {
		Name    *string `json:"name"`
		Picture *string `json:"picture"`
		Role    *string `json:"role"`
	}
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	edited, err := a.Accounts.Edit(c.Request.Context(), c.Param("id"), account.Profile{
		Name: given.Name, Picture: given.Picture, Role: (*account.Role)(given.Role),
	})
	if err != nil {
		return err
	}
	return own(c, edited)
}

// deleteAccount deletes an account: DELETE /users/:id.
func (a *API) deleteAccount(c *gin.Context) error {
	err := a.admin(c)
	if err == nil {
		err = bind.Nothing(c)
	}
	if err == nil {
		err = a.Accounts.Delete(c.Request.Context(), c.Param("id"))
	}
	return httpserver.Done(c, err)
}

// own answers with the owner's view of an account.
func own(c *gin.Context, a account.Account) error {
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, newAccountDTO(a))
	return nil
}
