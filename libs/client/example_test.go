package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"streamgate/libs/client"
)

// A player for a source outside of Streamgate: it takes a place, keeps it while it plays, and says why it has to stop.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tv := client.New(client.Options{BaseURL: os.Getenv("STREAMGATE")})
	if err := tv.SignIn(ctx, os.Getenv("EMAIL"), os.Getenv("PASSWORD")); err != nil {
		fmt.Println("cannot sign in:", err)
		return
	}
	options := client.StartOptions{Content: os.Getenv("CONTENT"), Player: "living-room", Device: "Living room"}
	stream, err := tv.Start(ctx, options)
	if refused, ok := errors.AsType[*client.RefusedError](err); ok {
		fmt.Printf("%s plays since %v: taking its place\n", refused.Streams[0].Device, refused.Streams[0].StartedAt)
		options.Replace = refused.Streams[0].ID
		stream, err = tv.Start(ctx, options)
	}
	if err != nil {
		fmt.Println("cannot play:", err)
		return
	}
	fmt.Println("playing", stream.Source)
	err = stream.Keep(ctx) // for as long as it plays
	if ended, ok := errors.AsType[*client.EndedError](err); ok {
		fmt.Println(ended.By, "ended it:", ended.Reason)
		return
	}
	_ = stream.Stop(context.Background()) // frees the place at once
}
