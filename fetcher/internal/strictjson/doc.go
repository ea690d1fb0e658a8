// Package strictjson reads JSON that has one meaning. [encoding/json] takes the last of
// several equal keys, and takes "Layers" for "layers"; other readers take the first of
// them, or know no "Layers". Both are errors here.
package strictjson
