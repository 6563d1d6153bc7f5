package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/go-json-experiment/json"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"

	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/problem"
)

// Bounds of a connection from Envoy, which opens a few and keeps them.
const (
	// envoyStreams is how many questions are under way at once on a connection.
	envoyStreams = 1000
	// envoyAge is how old a connection gets, so that new replicas have their share, and envoyEnds how long its last questions may take.
	envoyAge, envoyEnds = 30 * time.Second, 5 * time.Second
)

// Envoy returns a server that answers Envoy's ext_authz by gRPC.
func (a *API) Envoy() *grpc.Server {
	server := grpc.NewServer(grpc.MaxRecvMsgSize(httpserver.MaxBody), grpc.MaxConcurrentStreams(envoyStreams),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: envoyAge, MaxConnectionAgeGrace: envoyEnds}))
	authv3.RegisterAuthorizationServer(server, envoy{api: a})
	return server
}

type envoy struct {
	authv3.UnimplementedAuthorizationServer

	api *API
}

// Check implements authv3.AuthorizationServer. A refusal is an answer, not an error: Envoy takes an error for our failure.
func (e envoy) Check(ctx context.Context, check *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	attributes := check.GetAttributes()
	asked := attributes.GetRequest().GetHttp()
	header := http.Header{}
	for name, value := range asked.GetHeaders() {
		header.Set(name, value)
	}
	extensions := attributes.GetContextExtensions() // the route's, which no client can change
	told := authorizeDTO{
		Content: extensions["content"], Player: extensions["player"], Film: extensions["film"], Bytes: extensions["bytes"], BitRate: extensions["bitrate"],
	}
	decision, err := e.api.decide(ctx, told, original{target: asked.GetPath(), header: header})
	var headers []*corev3.HeaderValueOption
	set := func(name, value string) {
		headers = append(headers, &corev3.HeaderValueOption{
			Header: &corev3.HeaderValue{Key: name, Value: value}, AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
		})
	}
	tell(set, decision, err)
	if err == nil {
		return &authv3.CheckResponse{
			Status:       &rpcstatus.Status{Code: int32(codes.OK)},
			HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{Headers: headers}},
		}, nil
	}
	document := problem.New(err)
	body, _ := json.Marshal(document, json.Deterministic(true)) // as problem.Write
	set("Content-Type", problem.ContentType)
	set("Cache-Control", "no-store")
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if f.Challenge != "" {
			set("WWW-Authenticate", f.Challenge)
		}
		if f.RetryAfter > 0 {
			set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
		}
	}
	code := codes.PermissionDenied
	if fault.KindOf(err) == fault.Unauthenticated {
		code = codes.Unauthenticated
	}
	return &authv3.CheckResponse{
		Status: &rpcstatus.Status{Code: int32(code), Message: document.Code},
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{
			Status:  &typev3.HttpStatus{Code: typev3.StatusCode(document.Status)}, //nolint:gosec // a status of HTTP
			Headers: headers, Body: string(body),
		}},
	}, nil
}
