package parquetfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Kind is what a column has.
type Kind uint8

// The kinds.
const (
	Int   Kind = iota // int
	Float             // float64
	Text              // string
	Time              // time.Time, to the millisecond
)

// Column is one of a table. None of its values is missing.
type Column struct {
	Name string
	Kind Kind
}

const (
	magic = "PAR1"
	// rowsAtOnce is how many rows are kept until they are written, as one row group.
	rowsAtOnce = 5000
)

// Writer writes a table.
type Writer struct {
	to      io.Writer
	columns []Column
	values  []bytes.Buffer // of each column, in the encoding PLAIN
	rows    int64          // in values
	written int64          // bytes
	meta    format.FileMetaData
}

// NewWriter returns a writer of a table with these columns. Close ends the file.
func NewWriter(to io.Writer, columns []Column) (*Writer, error) {
	w := &Writer{to: to, columns: columns, values: make([]bytes.Buffer, len(columns))}
	w.meta = format.FileMetaData{Version: 1, CreatedBy: "streamgate", Schema: thrift.Slice[format.SchemaElement]{
		{Name: "rows", NumChildren: thrift.New(int32(len(columns)))}, //nolint:gosec // a few
	}}
	for _, c := range columns {
		element := format.SchemaElement{Name: c.Name, Type: thrift.New(c.Kind.physical()), RepetitionType: thrift.New(format.Required)}
		// Many readers know only the types of old.
		switch c.Kind {
		case Text:
			element.LogicalType.Value, element.ConvertedType = &format.StringType{}, thrift.New(deprecated.UTF8)
		case Time:
			element.LogicalType.Value = &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MilliSeconds{}}}
			element.ConvertedType = thrift.New(deprecated.TimestampMillis)
		case Int, Float: // as they are
		}
		w.meta.Schema = append(w.meta.Schema, element)
	}
	return w, w.write([]byte(magic))
}

func (k Kind) physical() format.Type {
	switch k {
	case Float:
		return format.Double
	case Text:
		return format.ByteArray
	default:
		return format.Int64
	}
}

// Write adds a row, which has a value for each of the columns.
func (w *Writer) Write(row []any) error {
	if len(row) != len(w.columns) {
		return fmt.Errorf("a row has %d values for %d columns", len(row), len(w.columns))
	}
	for i, value := range row {
		buffer := &w.values[i]
		switch v := value.(type) {
		case int:
			buffer.Write(binary.LittleEndian.AppendUint64(buffer.AvailableBuffer(), uint64(v))) //nolint:gosec // its bits
		case time.Time:
			buffer.Write(binary.LittleEndian.AppendUint64(buffer.AvailableBuffer(), uint64(v.UnixMilli())))
		case float64:
			buffer.Write(binary.LittleEndian.AppendUint64(buffer.AvailableBuffer(), math.Float64bits(v)))
		case string:
			buffer.Write(binary.LittleEndian.AppendUint32(buffer.AvailableBuffer(), uint32(len(v)))) //nolint:gosec // short
			buffer.WriteString(v)
		default:
			return fmt.Errorf("column %s has a %T", w.columns[i].Name, value)
		}
	}
	if w.rows++; w.rows < rowsAtOnce {
		return nil
	}
	return w.flush()
}

// flush writes the rows that are kept as a row group, in which each column has one page.
func (w *Writer) flush() error {
	if w.rows == 0 {
		return nil
	}
	group := format.RowGroup{NumRows: w.rows, FileOffset: w.written, Ordinal: int16(len(w.meta.RowGroups))} //nolint:gosec // it may overflow: few read it
	for i, c := range w.columns {
		chunk, err := w.page(c, &w.values[i])
		if err != nil {
			return err
		}
		group.Columns = append(group.Columns, chunk)
		group.TotalByteSize += chunk.MetaData.TotalUncompressedSize
		group.TotalCompressedSize += chunk.MetaData.TotalCompressedSize
	}
	w.meta.RowGroups = append(w.meta.RowGroups, group)
	w.meta.NumRows += w.rows
	w.rows = 0
	return nil
}

// page writes the values of a column, and forgets them.
func (w *Writer) page(c Column, values *bytes.Buffer) (format.ColumnChunk, error) {
	var packed bytes.Buffer
	compress := gzip.NewWriter(&packed)
	_, _ = compress.Write(values.Bytes()) // a buffer takes all
	_ = compress.Close()
	header, err := thrift.Marshal(&thrift.CompactProtocol{}, &format.PageHeader{
		Type: format.DataPage, UncompressedPageSize: int32(values.Len()), CompressedPageSize: int32(packed.Len()), //nolint:gosec // a few MB
		DataPageHeader: thrift.New(format.DataPageHeader{
			NumValues: int32(w.rows), Encoding: format.Plain, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE, //nolint:gosec // rowsAtOnce
		}),
	})
	if err != nil {
		return format.ColumnChunk{}, err
	}
	chunk := format.ColumnChunk{MetaData: format.ColumnMetaData{
		Type: c.Kind.physical(), Encoding: thrift.Slice[format.Encoding]{format.Plain, format.RLE}, PathInSchema: thrift.Slice[string]{c.Name},
		Codec: format.Gzip, NumValues: w.rows, TotalUncompressedSize: int64(len(header) + values.Len()),
		TotalCompressedSize: int64(len(header) + packed.Len()), DataPageOffset: w.written,
	}}
	values.Reset()
	if err := w.write(header); err != nil {
		return format.ColumnChunk{}, err
	}
	return chunk, w.write(packed.Bytes())
}

// Close writes what is kept, and the end of the file.
func (w *Writer) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	footer, err := thrift.Marshal(&thrift.CompactProtocol{}, &w.meta)
	if err != nil {
		return err
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer))) //nolint:gosec // some kB
	return w.write(append(footer, magic...))
}

func (w *Writer) write(b []byte) error {
	n, err := w.to.Write(b)
	w.written += int64(n)
	return err
}
