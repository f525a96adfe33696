package unit

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// number matches a decimal and what follows it. The digits are bounded so that
// no text can make the exact arithmetic expensive.
var number = regexp.MustCompile(`^([0-9]{1,40}(?:\.[0-9]{1,30})?(?:[eE]\+?[0-9]{1,2})?)[ ]?(.*)$`)

// split parts text into an exact decimal and the unit after it.
func split(text string) (value *big.Rat, unit string, ok bool) {
	m := number.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return nil, "", false
	}
	value, ok = new(big.Rat).SetString(m[1])
	return value, m[2], ok
}

// float is the float64 nearest to r; ok is false when it is infinite.
func float(r *big.Rat) (f float64, ok bool) {
	f, _ = r.Float64()
	return f, f <= 1e300
}

// percent writes share as a percentage: exactly if digits < 0, otherwise with
// so many significant digits. It works in decimals, so 0.07 is 7, not
// 7.000000000000001.
func percent(share float64, digits int) string {
	if digits >= 0 {
		rounded, err := strconv.ParseFloat(strconv.FormatFloat(share, 'e', digits-1, 64), 64)
		if err == nil {
			share = rounded
		}
	}
	shortest, ok := new(big.Rat).SetString(strconv.FormatFloat(share, 'g', -1, 64))
	if !ok {
		return strconv.FormatFloat(share*100, 'g', -1, 64) + "%"
	}
	text := shortest.Mul(shortest, big.NewRat(100, 1)).FloatString(40)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".") + "%"
}

// significant writes f with three significant digits and no exponent.
func significant(f float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'e', 2, 64), 64)
	if err != nil {
		rounded = f
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// fromJSON reads a plain number in the base unit, or the written form.
func fromJSON(data []byte, number func(float64), text func([]byte) error) error {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case float64:
		number(v)
		return nil
	case string:
		return text([]byte(v))
	default:
		return fmt.Errorf("%s is neither a number nor a quantity in quotes", data)
	}
}
