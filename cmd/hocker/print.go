package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"hocker/fetcher/printable"
	"hocker/fetcher/reference"
)

// All text that a command prints passes through the functions of this file. Only bars
// and kong's help, which have no text from outside, go past them.

// sayf prints a line to standard error. It hides passwords in addresses.
func (p process) sayf(format string, args ...any) {
	fmt.Fprintln(p.stderr, oneLine(fmt.Sprintf(format, args...)))
}

func oneLine(s string) string { return printable.Text(reference.Redact(s)) }

// writeLines writes lines of a result.
func writeLines(w io.Writer, lines ...string) error {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(printable.Text(line) + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// writeTable writes rows in columns. A cell with text from outside that may have spaces
// is to be made by [printable.Cell].
func writeTable(w io.Writer, rows [][]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable.Text(cell)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}

// writeJSON writes a value as JSON.
func writeJSON(w io.Writer, value any) error {
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(printable.JSON(data.Bytes()))
	return err
}
