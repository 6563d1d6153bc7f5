package mongodb

import (
	"context"
	"sync"

	"go.mongodb.org/mongo-driver/v2/event"

	"streamgate/libs/tracing"
)

// traced returns what tells of the commands of traced requests.
func traced() *event.CommandMonitor {
	var calls sync.Map // by the number of the command
	end := func(number int64, err error) {
		if call, ok := calls.LoadAndDelete(number); ok {
			call.(*tracing.Call).End(err) //nolint:forcetypeassert // nothing else is in there
		}
	}
	return &event.CommandMonitor{
		Started: func(ctx context.Context, e *event.CommandStartedEvent) {
			collection, _ := e.Command.Lookup(e.CommandName).StringValueOK()
			if call := tracing.CallMongoDB(ctx, e.CommandName, collection); call != nil {
				calls.Store(e.RequestID, call)
			}
		},
		Succeeded: func(_ context.Context, e *event.CommandSucceededEvent) { end(e.RequestID, nil) },
		Failed:    func(_ context.Context, e *event.CommandFailedEvent) { end(e.RequestID, e.Failure) },
	}
}
