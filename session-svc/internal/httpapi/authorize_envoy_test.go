package httpapi_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3" // what the example has
	connectionv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/goccy/go-yaml"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
)

// envoy asks as Envoy does.
type envoy struct{ authv3.AuthorizationClient }

// startForEnvoy runs session-svc with a listener for Envoy, and connects to it.
func startForEnvoy(t *testing.T) (*gate, envoy) {
	t.Helper()
	address := testkit.FreeAddr(t)
	g := start(t, opened, func(c *config.Config) { c.AuthorizeGRPCAddr = address })
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return g, envoy{authv3.NewAuthorizationClient(connection)}
}

// check asks about a request on a route with these extensions. Headers are in lower case, as Envoy has them.
func (e envoy) check(t *testing.T, path string, headers, extensions map[string]string) *authv3.CheckResponse {
	t.Helper()
	answer, err := e.Check(t.Context(), &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Method: http.MethodGet, Path: path, Host: "video.example.com", Scheme: "https", Protocol: "HTTP/2", Headers: headers,
		}},
		ContextExtensions: extensions,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.ValidateAll(); err != nil {
		t.Error(err)
	}
	return answer
}

func valueOf(headers []*corev3.HeaderValueOption, name string) string {
	for _, h := range headers {
		if h.GetHeader().GetKey() == name {
			return h.GetHeader().GetValue()
		}
	}
	return ""
}

func TestEnvoyAsksByGRPC(t *testing.T) {
	t.Parallel()
	g, envoy := startForEnvoy(t)
	tv := g.signIn(t, "TV")
	id, source := tv.playing(t, "")
	byGrant := "/" + grantOf(t, source) + g.segment(1) + "?CMCD=x"

	allowed := envoy.check(t, byGrant, nil, map[string]string{"film": "6"})
	if allowed.GetStatus().GetCode() != int32(codes.OK) || valueOf(allowed.GetOkResponse().GetHeaders(), "X-Stream-Id") != id {
		t.Error(allowed)
	}
	bearer := map[string]string{"authorization": "Bearer " + tv.token}
	var started *authv3.CheckResponse
	testkit.Eventually(t, "the token starts a stream", func() bool {
		started = envoy.check(t, g.segment(1), bearer, nil)
		return started.GetOkResponse() != nil
	})
	other := envoy.check(t, "/any.ts", map[string]string{"cookie": "a=b; access_token=" + tv.token}, map[string]string{"content": g.content})
	first, second := valueOf(started.GetOkResponse().GetHeaders(), "X-Stream-Id"), valueOf(other.GetOkResponse().GetHeaders(), "X-Stream-Id")
	if first == "" || first != second {
		t.Errorf("a token is stream %q and then %q: %v, %v", first, second, started, other)
	}

	refused := func(answer *authv3.CheckResponse, code codes.Code, status int, problem string) *authv3.DeniedHttpResponse {
		t.Helper()
		denied := answer.GetDeniedResponse()
		if answer.GetStatus().GetCode() != int32(code) || int(denied.GetStatus().GetCode()) != status || valueOf(denied.GetHeaders(), "X-Stream-Code") != problem ||
			valueOf(denied.GetHeaders(), "Content-Type") != "application/problem+json" || denied.GetBody() == "" {
			t.Errorf("want %d %s: %v", status, problem, answer)
		}
		return denied
	}
	if denied := refused(envoy.check(t, g.segment(1), nil, nil), codes.Unauthenticated, http.StatusUnauthorized, "token_required"); valueOf(denied.GetHeaders(), "WWW-Authenticate") == "" {
		t.Error("no challenge")
	}
	refused(envoy.check(t, byGrant, nil, map[string]string{"content": "607c55840e977203b4d8b5e5"}), codes.PermissionDenied, http.StatusForbidden, "content_differs")
	refused(envoy.check(t, byGrant, nil, map[string]string{"film": "six"}), codes.PermissionDenied, http.StatusBadRequest, "invalid_input")
	refused(envoy.check(t, "", nil, nil), codes.Unauthenticated, http.StatusUnauthorized, "token_required")
	envoy.check(t, g.segment(1)+"?player=third", bearer, nil)
	limit := refused(envoy.check(t, g.segment(1)+"?player=fourth", bearer, nil), codes.PermissionDenied, http.StatusForbidden, "stream_limit_reached")
	if valueOf(limit.GetHeaders(), "Retry-After") == "" || valueOf(limit.GetHeaders(), "X-Stream-Limit") != "3" {
		t.Error(limit.GetHeaders())
	}

	tv.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent)
	testkit.Eventually(t, "the end is told", func() bool {
		return envoy.check(t, byGrant, nil, nil).GetDeniedResponse().GetStatus().GetCode() == http.StatusGone
	})
}

// The example is what Envoy's own definitions allow.
func TestTheExampleForEnvoyIsValid(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(examples, "envoy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	var bootstrap bootstrapv3.Bootstrap
	if err := protojson.Unmarshal(asJSON, &bootstrap); err != nil {
		t.Fatal(err)
	}
	if err := bootstrap.ValidateAll(); err != nil {
		t.Error(err)
	}
	var manager connectionv3.HttpConnectionManager
	if err := bootstrap.GetStaticResources().GetListeners()[0].GetFilterChains()[0].GetFilters()[0].GetTypedConfig().UnmarshalTo(&manager); err != nil {
		t.Fatal(err)
	}
	if err := manager.ValidateAll(); err != nil {
		t.Error(err)
	}
	var filter authzv3.ExtAuthz
	if err := manager.GetHttpFilters()[0].GetTypedConfig().UnmarshalTo(&filter); err != nil {
		t.Fatal(err)
	}
	if err := filter.ValidateAll(); err != nil || filter.GetFailureModeAllow() {
		t.Error(err, &filter)
	}
}

func TestASettingOfEnvoysListenerIsChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []config.Config{{AuthorizeGRPCAddr: "8082", Authorize: true}, {AuthorizeGRPCAddr: ":8082"}} {
		found := false
		for _, fault := range c.Validate() {
			found = found || len(fault.Error()) > 20 && fault.Error()[:20] == "AUTHORIZE_GRPC_ADDR:"
		}
		if !found {
			t.Errorf("%+v is taken", c)
		}
	}
}
