package model

import (
	"errors"
	"strings"
)

var errSecond = errors.New("model: a second statement in one text: run them one by one, or as a migration")

// several reports whether text holds more than one statement. SQLite's
// drivers would run them all; PostgreSQL refuses them when it prepares.
func several(text string) bool {
	if strings.IndexByte(text, ';') < 0 || trigger(text) {
		return false
	}
	ended := false
	for i := 0; i < len(text); {
		n, code := lexeme(text[i:])
		if code && ended {
			return true
		}
		if code && text[i] == ';' {
			ended = true
		}
		i += n
	}
	return false
}

// lexeme returns the length of the first piece of text and whether it is more
// than blanks and comments.
func lexeme(text string) (n int, code bool) {
	until := func(from int, end string) int {
		if i := strings.Index(text[from:], end); i >= 0 {
			return from + i + len(end)
		}
		return len(text)
	}
	switch c := text[0]; {
	case strings.HasPrefix(text, "--"):
		return until(2, "\n"), false
	case strings.HasPrefix(text, "/*"):
		return until(2, "*/"), false
	case c == '\'' || c == '"' || c == '`':
		return until(1, string(c)), true // a doubled quote begins the next piece
	case c == '[':
		return until(1, "]"), true
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
		return 1, false
	}
	return 1, true
}

// trigger reports whether text makes a trigger, whose body holds statements.
func trigger(text string) bool {
	words := strings.Fields(text)
	if len(words) > 2 && (strings.EqualFold(words[1], "temp") || strings.EqualFold(words[1], "temporary")) {
		words = words[1:]
		words[0] = "create"
	}
	return len(words) > 2 && strings.EqualFold(words[0], "create") && strings.EqualFold(words[1], "trigger")
}
