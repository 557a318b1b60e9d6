package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vxlite/vxlite/internal/testkit/cyclonedx"
)

// validBOM holds a bill of materials to CycloneDX's schema: validbom FILE
func validBOM(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: validbom FILE")
	}
	schema, err := cyclonedx.Schema()
	ts.Check(err)
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	ts.Check(err)
	ts.Check(schema.Validate(doc))
}
