// Package parquetfile writes tables as Apache Parquet files. Of the library it takes what the format is made of, and not its writer, with which the
// service's program would be 4 MB larger.
package parquetfile
