package blobstore

// The stores that can be opened. Those of Google (12 MB of program) and Azure (2 MB) are in a build with the tags gcs and azure, to keep the usual
// image small; Google's can also be reached as s3://bucket?endpoint=https://storage.googleapis.com.
import (
	_ "gocloud.dev/blob/fileblob" // file://
	_ "gocloud.dev/blob/s3blob"   // s3://
)
