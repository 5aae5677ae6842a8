// Verify checks a Tidegate log with code that we did not write: golang.org/x/mod/sumdb/note for the signature
// and golang.org/x/mod/sumdb/tlog for tiles, inclusion and consistency.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify.go DIRECTORY
//
// Needs Debian's golang-go and golang-golang-x-mod-dev. Prints one line and exits with 0 if all holds.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

// read reads a tile or a bundle of Go's path, which names the height (always 8) that C2SP leaves out.
func read(directory string, tile tlog.Tile) ([]byte, error) {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	path = strings.Replace(path, "tile/data/", "tile/entries/", 1)
	return os.ReadFile(filepath.Join(directory, path))
}

type tiles struct{ directory string }

func (tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		bytes, err := read(t.directory, tile)
		if err != nil {
			return nil, err
		}
		found = append(found, bytes)
	}
	return found, nil
}

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func entries(directory string, size int64) [][]byte {
	var all [][]byte
	for from := int64(0); from < size; from += width {
		w := size - from
		if w > width {
			w = width
		}
		bundle, err := read(directory, tlog.Tile{H: 8, L: -1, N: from / width, W: int(w)})
		check(err)
		for len(bundle) > 0 {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				check(fmt.Errorf("bundle %d is cut", from/width))
			}
			length := int(binary.BigEndian.Uint16(bundle))
			all = append(all, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
	}
	if int64(len(all)) != size {
		check(fmt.Errorf("%d entries instead of %d", len(all), size))
	}
	return all
}

func main() {
	if len(os.Args) != 2 {
		check(fmt.Errorf("name the directory of a log"))
	}
	directory := os.Args[1]
	vkey, err := os.ReadFile(filepath.Join(directory, "vkey"))
	check(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	check(err)
	signed, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	check(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		check(fmt.Errorf("not a checkpoint of %s: %q", verifier.Name(), opened.Text))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)

	// Every hash that this reader hands out was authenticated up to the signed root.
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{directory})
	all := entries(directory, size)
	indexes := make([]int64, size)
	for n := range indexes {
		indexes[n] = tlog.StoredHashIndex(0, int64(n))
	}
	leaves, err := reader.ReadHashes(indexes)
	check(err)
	for n, leaf := range leaves {
		if tlog.RecordHash(all[n]) != leaf {
			check(fmt.Errorf("entry %d is not the one in the tree", n))
		}
	}
	for n := int64(0); n < size; n += 1 + size/500 {
		proof, err := tlog.ProveRecord(size, n, reader)
		check(err)
		check(tlog.CheckRecord(proof, size, root, n, tlog.RecordHash(all[n])))
	}
	for old := int64(1); old <= size; old += 1 + size/50 {
		before, err := tlog.TreeHash(old, reader)
		check(err)
		proof, err := tlog.ProveTree(size, old, reader)
		check(err)
		check(tlog.CheckTree(proof, size, root, old, before))
	}
	fmt.Printf("%s: %d entries verified\n", lines[0], size)
}
