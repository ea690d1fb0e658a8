package source

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
)

// localTransport matches images that podman takes from this machine:
// https://docs.podman.io/en/v5.6.0/markdown/podman-pull.1.html#source
var localTransport = regexp.MustCompile(`^(/|(containers-storage|dir|docker-archive|docker-daemon|oci|oci-archive):)`)

// readQuadlet finds the image of a quadlet file: Image= of a container, an image or a
// volume. It may name the quadlet file of an image beside it.
func (r Reader) readQuadlet(file string, data []byte, depth int) (Result, error) {
	notes, err := readRemarks(file, string(data), false)
	if err != nil {
		return Result{}, err
	}
	var result Result
	image, build := settings(file, string(data))
	note := notes.at(image.line)
	switch suffix := filepath.Ext(image.text); {
	case build.file != "":
		result.skip(build, "it is built: give its Containerfile for the images that it is built from")
	case image.text == "":
	case suffix == ".build":
		result.skip(image, "%.100s is built: give its Containerfile for the images that it is built from", image.text)
	case suffix == ".image":
		return r.unit(image, depth)
	case strings.HasPrefix(image.text, "localhost/"):
		result.skip(image, "%.100s is built on this machine", image.text)
	case localTransport.MatchString(image.text):
		result.skip(image, "%.200s is in no registry", image.text)
	case strings.Contains(image.text, "%") && !note.skip:
		return Result{}, image.errorf("%.100q: specifiers of systemd are not understood", image.text)
	default:
		if err := result.add(image, note); err != nil {
			return Result{}, err
		}
	}
	if err := notes.unused(); err != nil {
		return Result{}, err
	}
	return result, nil
}

// unit reads the quadlet file of an image beside another one.
func (r Reader) unit(image place, depth int) (Result, error) {
	path := filepath.Join(filepath.Dir(image.file), filepath.Base(image.text))
	if depth > 0 {
		return Result{}, image.errorf("%.100s is named by another .image file", image.text)
	}
	data, err := r.openText(path, image)
	if errors.Is(err, fs.ErrNotExist) {
		return Result{}, image.errorf("%.100s does not exist beside it", image.text)
	}
	if err != nil {
		return Result{}, err
	}
	return r.readQuadlet(path, data, depth+1)
}

// settings returns Image= of the sections that have one, and where the section of a
// build begins. As in systemd, the last one counts.
func settings(file, text string) (image, build place) {
	section, key := "", ""
	var value strings.Builder
	set := func(line int) {
		isImage := key == "Image" && (section == "Container" || section == "Image" || section == "Volume")
		if isImage {
			image = place{text: strings.Trim(strings.TrimSpace(value.String()), `"`), file: file, line: line}
		}
		key = ""
		value.Reset()
	}
	number, first := 0, 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line != "" && (line[0] == '#' || line[0] == ';'):
			continue // inside of a continued line too
		case key != "":
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			if section = line[1 : len(line)-1]; section == "Build" {
				build = place{file: file, line: number}
			}
			continue
		default:
			name, rest, ok := strings.Cut(line, "=")
			if !ok {
				continue
			}
			key, line, first = strings.TrimSpace(name), rest, number
		}
		part, more := strings.CutSuffix(line, `\`)
		fmt.Fprint(&value, part)
		if more {
			value.WriteByte(' ')
			continue
		}
		set(first)
	}
	if key != "" {
		set(first)
	}
	return image, build
}
