package erofs

// bufferSize is how much is read and written at a time, in bytes.
const bufferSize = 256 << 10
