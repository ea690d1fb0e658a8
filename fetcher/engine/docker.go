package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/opencontainers/go-digest"
)

// Docker is a Docker daemon. It loads one image at a time.
//
// A daemon accepts an archive without the layers that it has. How it knows them depends
// on its image store: see [imageStore]. If it refuses such an archive, Docker sends the
// whole image.
type Docker struct {
	client *client
	daemon *daemon // nil until needed
	// layers maps the IDs of its images to their diff IDs; nil until needed. If an
	// image is removed later, the daemon refuses an archive without its layers.
	layers map[digest.Digest][]digest.Digest
}

// dockerPlan is a plan with what is needed to carry it out.
type dockerPlan struct {
	Plan
	id   digest.Digest            // of the present image
	omit func(digest.Digest) bool // the present layers
}

// Plan implements [Engine].
func (d *Docker) Plan(ctx context.Context, image Image) (Plan, error) {
	plan, err := d.plan(ctx, &image)
	return plan.Plan, err
}

// Load implements [Engine].
//
// The image is sent without its name, and gets the name only when it is complete. Until
// then the name leads to the previous image.
func (d *Docker) Load(ctx context.Context, image Image, progress Progress) (Result, error) {
	result, err := d.load(ctx, &image, progress)
	if !isNotFound(err) {
		return result, err
	}
	// It was removed before it had its name, for example by docker image prune.
	sent := result.Sent
	d.layers = nil
	result, err = d.load(ctx, &image, progress)
	result.Sent += sent
	return result, err
}

func (d *Docker) load(ctx context.Context, image *Image, progress Progress) (Result, error) {
	plan, err := d.plan(ctx, image)
	result := Result{Plan: plan.Plan}
	if err != nil {
		return result, err
	}
	progress.plan(plan.Plan)
	id := plan.id
	if plan.Outcome == Loaded {
		if id, err = d.send(ctx, image, plan.omit, progress, &result); isRefusal(err) && plan.LayersPresent > 0 {
			result.Plan = d.wholePlan(plan.Plan, image, err)
			progress.plan(result.Plan)
			id, err = d.send(ctx, image, nil, progress, &result)
		}
		if err != nil {
			return result, err
		}
		d.layers[id] = image.diffIDs()
	}
	if plan.Outcome == Present || !image.named() {
		return result, nil
	}
	if err := d.client.tag(ctx, id, image.Reference); err != nil {
		return result, err
	}
	return result, d.client.check(ctx, image)
}

// plan finds out which parts of the image the daemon has.
func (d *Docker) plan(ctx context.Context, image *Image) (dockerPlan, error) {
	plan := dockerPlan{Plan: Plan{Layers: len(image.Layers), LayersPresent: len(image.Layers)}}
	var err error
	if image.named() {
		if plan.id, err = d.complete(ctx, image, image.Reference.String()); err != nil || plan.id != "" {
			return plan, err
		}
		plan.Outcome = Tagged
	}
	if plan.id, err = d.completeID(ctx, image); err != nil || plan.id != "" {
		return plan, err
	}
	plan.Outcome = Loaded
	if d.daemon == nil {
		if d.daemon, err = d.client.info(ctx); err != nil {
			return plan, err
		}
	}
	plan.Foreign = d.daemon.foreign(image.Platform)
	if d.layers == nil {
		if d.layers, err = d.client.imageLayers(ctx, d.daemon.store, nil); err != nil {
			return plan, err
		}
	}
	plan.LayersPresent, plan.omit = d.daemon.store.present(image.Layers, d.layers)
	plan.Bytes = image.size(plan.omit)
	return plan, nil
}

// wholePlan is the plan after the daemon has refused a part of the image.
func (d *Docker) wholePlan(plan Plan, image *Image, refusal error) Plan {
	plan.Bytes = image.size(nil)
	plan.Whole = "it lacks some of the omitted blobs"
	var answer *Error
	if errors.As(refusal, &answer) {
		plan.Whole = answer.Message
	}
	return plan
}

// send sends an archive of the image without a name, and returns the ID of the loaded
// image.
func (d *Docker) send(ctx context.Context, image *Image, omit func(digest.Digest) bool, progress Progress, result *Result) (digest.Digest, error) {
	n, err := d.client.load(ctx, image, false, omit, progress)
	result.Sent += n
	if err == nil {
		var id digest.Digest
		if id, err = d.completeID(ctx, image); err != nil || id != "" {
			return id, err
		}
		err = &incompleteError{host: d.client.host, image: image.name()}
	}
	if isRefusal(err) && d.daemon.store == containerdStore {
		// The daemon keeps an image that it could not unpack, but does not list
		// it. Remove it unless it has another name.
		_ = d.client.call(ctx, http.MethodDelete, "/images/"+image.Manifest.Digest.String(), nil, nil)
	}
	return "", err
}

// incompleteError reports a daemon that accepted an archive but lacks a part of the
// image.
type incompleteError struct{ host, image string }

func (e *incompleteError) Error() string {
	return fmt.Sprintf("%s accepted the image but lacks a part of it: %s", e.host, e.image)
}

// isRefusal reports whether err may be due to layers that an archive omits.
func isRefusal(err error) bool {
	var answer *Error
	if !errors.As(err, &answer) {
		return errors.As(err, new(*incompleteError))
	}
	return slices.Contains([]int{http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError}, answer.Status) &&
		!strings.Contains(answer.Message, syscall.ENOSPC.Error())
}

// completeID returns the ID of the image if the daemon has all of it, or "".
func (d *Docker) completeID(ctx context.Context, image *Image) (digest.Digest, error) {
	for _, id := range d.ids(image) {
		if id, err := d.complete(ctx, image, id.String()); err != nil || id != "" {
			return id, err
		}
	}
	return "", nil
}

// ids returns the digests that the daemon may use as the image's ID.
func (d *Docker) ids(image *Image) []digest.Digest {
	switch {
	case d.daemon == nil:
		return image.ids()
	case d.daemon.store == containerdStore:
		return []digest.Digest{image.Manifest.Digest}
	}
	return []digest.Digest{image.Config.Digest}
}

// complete returns the ID of the image if name, which may be an ID, leads to it and the
// daemon has all of it, or "".
func (d *Docker) complete(ctx context.Context, image *Image, name string) (digest.Digest, error) {
	id, err := d.client.imageID(ctx, name)
	if err != nil || !slices.Contains(d.ids(image), id) {
		return "", err
	}
	if id == image.Manifest.Digest {
		// This is containerd's image store, which may lack blobs of its images.
		listed := ""
		if name != id.String() {
			listed = image.Reference.Familiar()
		}
		if available, err := d.client.isAvailable(ctx, id, listed); err != nil || !available {
			return "", err
		}
	}
	return id, nil
}

// Close implements [Engine].
func (d *Docker) Close() error {
	d.client.http.CloseIdleConnections()
	return nil
}
