package source

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
)

// readDockerfile finds the images that a Dockerfile is built from: those of FROM, COPY
// --from and RUN --mount=from that are no stages. Before the first FROM, ARG sets
// variables for all of them.
func readDockerfile(file string, data []byte) (Result, error) {
	notes, err := readRemarks(file, string(data), false)
	if err != nil {
		return Result{}, err
	}
	all, err := instructions(file, string(data))
	if err != nil {
		return Result{}, err
	}
	d := dockerfile{file: file, notes: notes, arguments: map[string]string{}, failed: map[string]error{}, named: map[string]int{}}
	for _, in := range all {
		if in.name == "FROM" {
			d.addStage(strings.ToLower(in.stage()))
		}
	}
	for _, in := range all {
		if err := d.read(in); err != nil {
			return Result{}, err
		}
	}
	if err := notes.unused(); err != nil {
		return Result{}, err
	}
	return d.result, nil
}

type dockerfile struct {
	file      string
	notes     *remarks
	arguments map[string]string // of ARG before the first FROM
	failed    map[string]error  // why others of them have no value
	stages    int               // how many there are
	named     map[string]int    // the first stage with a name, from 0
	begun     int               // how many stages have begun
	together  int               // the length of texts with variables
	result    Result
}

func (d *dockerfile) addStage(name string) {
	if _, known := d.named[name]; !known && name != "" {
		d.named[name] = d.stages
	}
	d.stages++
}

// stage returns the name that FROM gives the stage, or "".
func (in instruction) stage() string {
	if len(in.words) >= 3 && strings.EqualFold(in.words[1], "AS") {
		return in.words[2]
	}
	return ""
}

func (d *dockerfile) read(in instruction) error {
	switch in.name {
	case "ARG":
		return d.argument(in)
	case "FROM":
		return d.from(in)
	case "COPY":
		for _, from := range in.flag("from") {
			if err := d.copied(in, from); err != nil {
				return err
			}
		}
	case "RUN":
		for _, mount := range in.flag("mount") {
			for option := range strings.SplitSeq(mount, ",") {
				name, from, _ := strings.Cut(option, "=")
				if !strings.EqualFold(strings.TrimSpace(name), "from") {
					continue
				}
				if err := d.copied(in, from); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// argument takes the defaults of ARG. Those of a stage do not count for FROM.
func (d *dockerfile) argument(in instruction) error {
	if d.begun > 0 {
		return nil
	}
	for _, word := range in.words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			continue
		}
		text, err := d.expand(in, value)
		if err != nil && !errors.As(err, new(*operatorError)) {
			return err
		}
		d.arguments[name], d.failed[name] = text.text, err
	}
	return nil
}

// expand replaces the variables in a text, and removes its quotes.
func (d *dockerfile) expand(in instruction, text string) (place, error) {
	at := place{file: d.file, line: in.line}
	var failed error
	v := variables{escape: in.escape, together: &d.together, lookup: func(name string) (string, bool) {
		value, ok := d.arguments[name]
		failed = cmp.Or(failed, d.failed[name])
		return value, ok
	}}
	expanded, err := v.expand(unquoted(text))
	if failed != nil {
		return at, failed
	}
	if err != nil {
		return at, at.errorf("%.200q: %w", text, err)
	}
	at.text, at.unset = expanded, v.unset
	return at, nil
}

func (d *dockerfile) from(in instruction) error {
	if len(in.words) == 0 {
		return place{file: d.file, line: in.line}.errorf("FROM names no image")
	}
	before := d.begun
	d.begun++
	if d.notes.skips(in.line) {
		return d.add(in, place{text: in.words[0], file: d.file, line: in.line})
	}
	at, err := d.expand(in, in.words[0])
	if err != nil {
		return err
	}
	if len(at.unset) > 0 {
		d.notes.at(in.line)
		d.result.skip(at, "FROM %.200s: the argument %s has no default", in.words[0], at.unset[0])
		return nil
	}
	stage, isNamed := d.named[strings.ToLower(at.text)]
	if at.text == "scratch" || isNamed && stage < before {
		return nil
	}
	return d.add(in, at)
}

// copied takes the image of COPY --from or RUN --mount=from, unless it is a stage.
func (d *dockerfile) copied(in instruction, from string) error {
	number, err := strconv.Atoi(from)
	_, isStage := d.named[strings.ToLower(from)]
	isStage = isStage || err == nil && 0 <= number && number < d.stages
	if isStage || from == "" || from == "scratch" {
		return nil
	}
	at := place{text: from, file: d.file, line: in.line}
	if strings.Contains(from, "$") && !d.notes.skips(in.line) {
		return at.errorf("%.200q: from= takes no variables: give it a stage of its own, FROM … AS …", from)
	}
	return d.add(in, at)
}

func (d *dockerfile) add(in instruction, at place) error {
	return d.result.add(at, d.notes.at(in.line))
}
