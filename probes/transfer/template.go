package transfer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"loadline/scenarios/unit"
)

// expand fills the placeholders of a path, header or form.
func expand(s, name string, size unit.Bytes) string {
	if !strings.Contains(s, "{") {
		return s
	}
	s = strings.ReplaceAll(s, "{name}", name)
	return strings.ReplaceAll(s, "{size}", strconv.FormatInt(int64(size), 10))
}

// step is one step of a JSON path: a key, or an index where key is empty.
type step struct {
	key   string
	index int
}

// parsePath reads a path such as stored.count, $.items[0].n or counts[1].
func parsePath(path string) ([]step, error) {
	rest := strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".")
	if rest == "" {
		return nil, fmt.Errorf("%q names no place in a JSON answer", path)
	}
	var steps []step
	for part := range strings.SplitSeq(rest, ".") {
		key, indices, _ := strings.Cut(part, "[")
		if key != "" {
			steps = append(steps, step{key: key})
		}
		if indices == "" {
			if key == "" {
				return nil, fmt.Errorf("%q has an empty step", path)
			}
			continue
		}
		for index := range strings.SplitSeq(indices, "[") {
			n, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
			if err != nil || n < 0 || !strings.HasSuffix(index, "]") {
				return nil, fmt.Errorf("%q has an index that is no number", path)
			}
			steps = append(steps, step{index: n})
		}
	}
	return steps, nil
}

// countAt reads the whole number at a path of a JSON document.
func countAt(document []byte, path string) (int, error) {
	steps, err := parsePath(path)
	if err != nil {
		return 0, err
	}
	var at any
	if err := json.Unmarshal(document, &at); err != nil {
		return 0, fmt.Errorf("the answer is not JSON: %w", err)
	}
	for _, s := range steps {
		var ok bool
		if s.key != "" {
			var m map[string]any
			if m, ok = at.(map[string]any); ok {
				at, ok = m[s.key]
			}
		} else {
			var l []any
			if l, ok = at.([]any); ok {
				if ok = s.index < len(l); ok {
					at = l[s.index]
				}
			}
		}
		if !ok {
			return 0, fmt.Errorf("the answer has nothing at %s", path)
		}
	}
	n, ok := at.(float64)
	if !ok || n != float64(int(n)) || n < 0 {
		return 0, fmt.Errorf("the answer has no count at %s, but %v", path, at)
	}
	return int(n), nil
}
