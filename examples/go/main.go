// Screens one party of a live call: µ-law, 8 kHz, in packets of 20 ms from standard input. As ../packets.c, from Go.
//
//	go build -o packets . && ./packets <call.ulaw
package main

/*
#cgo pkg-config: bonafide
#include <bonafide.h>
*/
import "C"

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"unsafe"
)

// call runs one call of the library and gives its failure as an error. The message belongs to the thread that called.
func call(function func() C.bonafide_status) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if function() == C.BONAFIDE_OK {
		return nil
	}
	return errors.New(C.GoString(C.bonafide_message()))
}

var verdicts = map[C.bonafide_verdict]string{
	C.BONAFIDE_VERDICT_INCONCLUSIVE: "inconclusive",
	C.BONAFIDE_VERDICT_BONAFIDE:     "bonafide",
	C.BONAFIDE_VERDICT_SYNTHETIC:    "synthetic",
}

func printLine(time, speech, llr C.double, verdict C.bonafide_verdict) {
	text := "     -"
	if !math.IsNaN(float64(llr)) {
		text = fmt.Sprintf("%6.2f", llr)
	}
	fmt.Printf("%7.2f s  speech %6.2f s  llr %s  %s\n", time, speech, text, verdicts[verdict])
}

// screen says whether the party is synthetic.
func screen(input io.Reader) (bool, error) {
	var detector *C.bonafide_detector
	if err := call(func() C.bonafide_status { return C.bonafide_detector_create(nil, &detector) }); err != nil {
		return false, err
	}
	defer C.bonafide_detector_destroy(detector)
	var stream *C.bonafide_stream
	if err := call(func() C.bonafide_status { return C.bonafide_stream_create(detector, 8000, &stream) }); err != nil {
		return false, err
	}
	defer C.bonafide_stream_destroy(stream)

	packet := make([]byte, 160)
	for packets := 1; ; packets++ {
		size, err := io.ReadFull(input, packet)
		if size == 0 {
			break
		}
		samples, count := (*C.uint8_t)(unsafe.Pointer(&packet[0])), C.size_t(size)
		if err := call(func() C.bonafide_status { return C.bonafide_stream_append_mulaw(stream, samples, count) }); err != nil {
			return false, err
		}
		if packets%50 == 0 {
			var update C.bonafide_update
			if err := call(func() C.bonafide_status {
				return C.bonafide_stream_update(stream, &update, C.sizeof_bonafide_update)
			}); err != nil {
				return false, err
			}
			printLine(update.time_s, update.speech_s, update.llr, update.verdict)
		}
		if err != nil {
			break
		}
	}

	var result *C.bonafide_result
	if err := call(func() C.bonafide_status { return C.bonafide_stream_finish(stream, &result) }); err != nil {
		return false, err
	}
	defer C.bonafide_result_destroy(result)
	var party C.bonafide_party
	if err := call(func() C.bonafide_status {
		return C.bonafide_result_party(result, 0, &party, C.sizeof_bonafide_party)
	}); err != nil {
		return false, err
	}
	var file C.bonafide_file
	if err := call(func() C.bonafide_status {
		return C.bonafide_result_file(result, &file, C.sizeof_bonafide_file)
	}); err != nil {
		return false, err
	}
	printLine(file.duration_s, party.speech_s, party.llr, party.verdict)
	return party.verdict == C.BONAFIDE_VERDICT_SYNTHETIC, nil
}

func main() {
	isSynthetic, err := screen(bufio.NewReader(os.Stdin))
	if err != nil {
		fmt.Fprintln(os.Stderr, "packets:", err)
		os.Exit(2)
	}
	if isSynthetic {
		os.Exit(1)
	}
}
