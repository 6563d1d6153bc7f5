package video

import (
	"context"

	"streamgate/libs/fault"
	"streamgate/libs/listing"
	"streamgate/libs/objectid"
)

// ErrNotFound means that there is no such content.
var ErrNotFound = fault.New(fault.NotFound, "content_not_found", "There is no content with this id.")

// Store keeps the contents. Each method is atomic for one content, and what it has acknowledged survives the loss of one server.
// Its errors are ErrNotFound, fault.Unavailable when the store doesn't answer, or faults of its own. Package storetest tests stores
// against this contract.
type Store interface {
	// List returns a page of the contents whose name or description contains q.Q, in any case, and the number of all such contents.
	// It can sort by createdAt, name and type, names by their bytes; the id decides between equals. It ignores q.Fields.
	List(ctx context.Context, q listing.Query) ([]Content, int64, error)

	// Get returns a content, or ErrNotFound.
	Get(ctx context.Context, id objectid.ID) (Content, error)

	// Insert adds a content whose id is new.
	Insert(ctx context.Context, c Content) error

	// Update changes the fields that the change names, sets UpdatedAt to its time, and returns the content as it is then.
	Update(ctx context.Context, id objectid.ID, change Update) (Content, error)

	// Delete removes a content, or returns ErrNotFound.
	Delete(ctx context.Context, id objectid.ID) error

	// Seed adds the contents, once for each name: after it has succeeded, it does nothing for that name ever again, so that deleted
	// contents stay deleted. Contents that exist stay as they are. Several replicas may call it at the same time, and again after an
	// interruption. Until its first success, it may bring back contents that are deleted meanwhile.
	Seed(ctx context.Context, name string, contents []Content) error
}
