package main

import (
	"errors"
	"flag"
	"io"
	"strings"
)

// parseFlags reads flags before, between and after the other arguments, which it
// returns. After "--" nothing is a flag.
func parseFlags(fs *flag.FlagSet, args []string) ([]string, error) {
	fs.SetOutput(io.Discard)
	var words []string
	for len(args) > 0 {
		before := args
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, usageError{strings.Replace(err.Error(), "flag provided but not defined", "unknown flag", 1) + "; see glueful help " + fs.Name()}
		}
		args = fs.Args()
		if used := len(before) - len(args); used > 0 && before[used-1] == "--" {
			return append(words, args...), nil
		}
		if len(args) > 0 {
			words, args = append(words, args[0]), args[1:]
		}
	}
	return words, nil
}
