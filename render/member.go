package render

import "strings"

// Relation reports whether the member at a dotted path is written only if it is
// loaded or asked for by name, and whether it is a list. It is neither for a
// path that does not exist.
func (s *Shape) Relation(path string) (relation, list bool) {
	for s != nil {
		name, rest, deeper := strings.Cut(path, ".")
		i := s.indexOf(name)
		switch {
		case i < 0:
			return false, false
		case !deeper:
			return s.Fields[i].Relation, s.Fields[i].List
		}
		s, path = s.Fields[i].Shape, rest
	}
	return false, false
}
