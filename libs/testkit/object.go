package testkit

import "maps"

// With returns a copy of an object of JSON with members changed, given by name and value in turn; nil removes one.
func With(o map[string]any, pairs ...any) map[string]any {
	o = maps.Clone(o)
	for i := 0; i < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		if o[name] = pairs[i+1]; pairs[i+1] == nil {
			delete(o, name)
		}
	}
	return o
}
