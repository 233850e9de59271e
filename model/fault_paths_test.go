package model_test

import "github.com/glueful/glueful-go/model"

func modelPaths(db, wrapped model.DB) []lostPath { return nil }
