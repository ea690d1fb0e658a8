package fetcher

// MaxConfigSize bounds what is read as an image's config, in bytes: engines
// refuse larger ones.
const MaxConfigSize = 8 << 20
