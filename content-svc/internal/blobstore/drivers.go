package blobstore

// The stores that can be opened. Those of Google (12 MB of program) and Azure (2 MB) are left out for the size of the image; both are
// an import away, and Google's is also reached as s3://bucket?endpoint=https://storage.googleapis.com.
import (
	_ "gocloud.dev/blob/fileblob" // file://
	_ "gocloud.dev/blob/s3blob"   // s3://
)
