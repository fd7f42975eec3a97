// Type-checks the packages of a module and all their imports without compiling them, because compiling the CDK takes minutes.
//
// Reads the output of `go list -deps -json`, in which each package follows its imports. Prints the errors; the exit code is 1 if there are any.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	ImportMap  map[string]string
	DepOnly    bool
	Module     *struct {
		GoVersion string
		Replace   *struct{}
	}
	Error *struct{ Err string }
}

// Some Go packages import others by names that differ from their paths.
type importer struct {
	checked map[string]*types.Package
	names   map[string]string
}

func (i importer) Import(name string) (*types.Package, error) {
	if name == "unsafe" {
		return types.Unsafe, nil
	}
	if path, renamed := i.names[name]; renamed {
		name = path
	}
	if found := i.checked[name]; found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("%s was not listed before the package that imports it", name)
}

func main() {
	packages := json.NewDecoder(os.Stdin)
	positions := token.NewFileSet()
	checked := map[string]*types.Package{}
	var problems []error
	var own int
	for {
		var listed goPackage
		if err := packages.Decode(&listed); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			problems = append(problems, err)
			break
		}
		if listed.ImportPath == "unsafe" {
			continue
		}
		if listed.Error != nil {
			problems = append(problems, errors.New(listed.Error.Err))
		}
		var files []*ast.File
		for _, name := range listed.GoFiles {
			file, err := parser.ParseFile(positions, filepath.Join(listed.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				problems = append(problems, err)
			}
			files = append(files, file)
		}
		// The bodies of the library's functions are checked, and those of its users.
		mine := !listed.DepOnly || listed.Module != nil && listed.Module.Replace != nil
		config := types.Config{
			IgnoreFuncBodies: !mine,
			Importer:         importer{checked, listed.ImportMap},
			Sizes:            types.SizesFor("gc", runtime.GOARCH),
			Error:            func(err error) { problems = append(problems, err) },
		}
		if listed.Module != nil && listed.Module.GoVersion != "" {
			config.GoVersion = "go" + listed.Module.GoVersion
		}
		// The errors are in problems.
		checked[listed.ImportPath], _ = config.Check(listed.ImportPath, positions, files, nil)
		if mine {
			own++
		}
	}
	fmt.Printf("%d packages, %d of them with function bodies\n", len(checked), own)
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 || own == 0 {
		os.Exit(1)
	}
}
