PREFIX ?= /usr/local
SWIFT ?= swift
# Options for every swift call, such as SWIFTFLAGS="-j 1".
SWIFTFLAGS ?=
VERSION := $(shell sed -n 's/.*version = "\(.*\)"/\1/p' Sources/Bonafide/Version.swift)
# Fourier transforms: fftw (GPL), or own. What was built with the other is built again.
FFT ?= fftw
fft-flags = $(if $(filter own,$(FFT)),--disable-default-traits,$(if $(filter fftw,$(FFT)),,$(error FFT=$(FFT): fftw and own are known)))
# What Swift's tests are built as. debug builds a change soonest; release takes what is built for the command, so that a machine that starts
# from nothing builds all once, not twice, and C without what a debugger wants, a fifth sooner; C++, most of it BoringSSL's, as it is written.
TEST_CONFIGURATION ?= debug
ifeq ($(TEST_CONFIGURATION),release)
override SWIFTFLAGS += -Xswiftc -enable-testing -Xcc -g0 -Xcxx -O0
endif
test-flags = $(if $(filter release,$(TEST_CONFIGURATION)),-c release,-Xcc -O2) $(fft-flags) $(SWIFTFLAGS)
# libbonafide, linked.
LIBRARY := .build/c

PYTHON ?= python3
# For `make train`: settings of a training; folders in place of its own; and what else is to be otherwise, such as TRAINFLAGS="--minutes 60".
RECIPE ?= Models/experiments/scratch.toml
RUN ?=
CACHE ?=
TRAINFLAGS ?=
train-folders = $(if $(RUN),--run '$(RUN)') $(if $(CACHE),--cache '$(CACHE)')

.PHONY: all help build library python-wheel documentation examples behind load lint test test-c test-kernels test-python test-models test-cluster test-live test-page test-http test-install test-swift screenshots demo samples install uninstall train bench bench-instructions packages test-packages release clean

all: build library

help:
	@echo 'make          the command and the C library, optimised'
	@echo 'make build    the command alone: .build/release/bonafide; FFT=own without FFTW, for make and make library too'
	@echo 'make library  the C library alone: $(LIBRARY)/libbonafide.so and .a'
	@echo 'make python-wheel  the Python package, the library inside: .build/python/*.whl'
	@echo 'make documentation  pages of the Swift API: .build/documentation, for `python3 -m http.server`'
	@echo 'make examples of C, and of Go where it is there: .build/examples'
	@echo 'make behind   how far scores are behind the samples of a stream'
	@echo 'make load     how many live parties this machine takes; LOADFLAGS are its options'
	@echo 'make bench    times beside ONNX Runtime, PyTorch, kaldi-native-fbank; BENCHFLAGS are its options'
	@echo 'make bench-instructions  counts instructions of a scan; fails at 5 % more than Benchmarks/instructions.txt'
	@echo 'make lint     looks at the form of all sources; part of make test'
	@echo 'make test     all tests but test-cluster and test-live; test-c, test-kernels, test-python, test-models, test-page, test-http and test-install those of the C library, inner loops, Python, training and evaluation, pages, HTTP and installation alone'
	@echo 'make test-cluster  Spark on two executors and Ray, from PyPI: a few minutes'
	@echo 'make test-live  calls of rtpengine, SIPp and baresip (apt-get install rtpengine-daemon sip-tester baresip-core) into bonafide serve: half a minute'
	@echo 'make screenshots  makes the pictures of the page in docs/images again'
	@echo 'make demo     screens samples/ and compares with what is true'
	@echo 'make samples  makes the recordings of samples/ again (packages: top of samples/make.sh)'
	@echo 'make install  what make has built, man pages and shell completions, under PREFIX=$(PREFIX)'
	@echo 'make uninstall  removes what make install put under PREFIX=$(PREFIX)'
	@echo 'make packages  for Debian, a wheel and a tarball with all inside: .build/package; make test-packages tries each in a bare system'
	@echo 'make release  make test, packages and test-packages'
	@echo 'make train    a model by RECIPE=$(RECIPE); see Models/README.md'
	@echo 'make clean    removes what was built'

build:
	$(SWIFT) build -c release --product bonafide $(fft-flags) $(SWIFTFLAGS)

# A public symbol without a comment, or a link that leads nowhere, fails it.
documentation:
	$(SWIFT) package dump-symbol-graph --minimum-access-level public
	install -Dt .build/documentation/symbols "$$($(SWIFT) build --show-bin-path)/../symbolgraph/Bonafide.symbols.json"
	docc convert Sources/Bonafide/Bonafide.docc --additional-symbol-graph-dir .build/documentation/symbols \
	  --warnings-as-errors --output-path .build/documentation/Bonafide.doccarchive
	Tests/documented.py .build/documentation/symbols/Bonafide.symbols.json

# The archive is made anew: SwiftPM leaves objects of files in it that are gone from the sources.
library:
	rm -f .build/release/libbonafide-c.a
	$(SWIFT) build -c release --product bonafide-c $(fft-flags) $(SWIFTFLAGS)
	Bindings/C/link.sh .build/release/libbonafide-c.a $(LIBRARY) $(VERSION)

python-wheel: library
	BONAFIDE_LIBRARY='$(CURDIR)/$(LIBRARY)/libbonafide.so' $(PYTHON) -m pip wheel -q --no-deps --no-build-isolation \
	  -w .build/python ./Bindings/python

examples: library
	install -d .build/examples
	$(CC) -std=c11 -O2 -Wall -Wextra -Werror -ISources/CBonafide/include examples/packets.c -o .build/examples/packets \
	  -L$(LIBRARY) -lbonafide -Wl,-rpath,'$(CURDIR)/$(LIBRARY)'
	if command -v go >/dev/null; then examples/go/build.sh $(LIBRARY) .build/examples; fi

load: library
	$(CC) -std=c11 -O2 -Wall -Wextra -Werror -ISources/CBonafide/include Benchmarks/load/load.c -o .build/load \
	  -L$(LIBRARY) -lbonafide -lpthread -lm -Wl,-rpath,'$(CURDIR)/$(LIBRARY)'
	.build/load $(LOADFLAGS) samples/genuine-en.ulaw.wav

behind: library
	$(CC) -std=c11 -O2 -Wall -Wextra -Werror -ISources/CBonafide/include Benchmarks/load/behind.c -o .build/behind \
	  -L$(LIBRARY) -lbonafide -lm -Wl,-rpath,'$(CURDIR)/$(LIBRARY)'
	.build/behind

# PYTHON has Benchmarks/requirements.txt.
bench: build
	$(SWIFT) build -c release --product bonafide-stages $(fft-flags) $(SWIFTFLAGS)
	$(PYTHON) Benchmarks/compare.py $(BENCHFLAGS)

bench-instructions: build
	Benchmarks/instructions.sh

# What checks the form of sources is used where it is there.
lint:
	PYTHON=$(PYTHON) nice Tests/lint.sh

# Three at a time, for Swift's wait much of theirs; each one's lines together; what nothing waits for lets builds go before it. Swift's take
# longest, and are the first behind the builds where those are their own, too.
test:
	+$(MAKE) --no-print-directory -j3 --output-sync=target lint $(if $(filter release,$(TEST_CONFIGURATION)),test-swift) test-c test-kernels \
	  test-python test-models test-page test-http test-install test-swift

# After what others wait for: SwiftPM builds one thing at a time.
test-swift: $(if $(filter release,$(TEST_CONFIGURATION)),library build)
	$(SWIFT) build --build-tests $(test-flags)
	$(SWIFT) test --skip-build $(test-flags)

test-c: examples
	nice Tests/C/run.sh $(LIBRARY)

# Other processors are tried where qemu-user, and for ARM Debian's cross compiler, are here.
test-kernels:
	nice Tests/kernels/run.sh

# pytest and numpy are needed, and mypy for types; the command is what results are compared with.
test-python: library build
	if $(PYTHON) -c 'import numpy, pytest' 2>/dev/null; then \
	  BONAFIDE_LIBRARY='$(CURDIR)/$(LIBRARY)/libbonafide.so' $(PYTHON) -m pytest -q Bindings/python; \
	else echo 'test-python: left out, for $(PYTHON) has no numpy and pytest'; fi
	if $(PYTHON) -c 'import numpy, mypy' 2>/dev/null; then cd Bindings/python && $(PYTHON) -m mypy; \
	else echo 'test-python: types not checked, for $(PYTHON) has no numpy and mypy'; fi

# Those of training take PyTorch, librosa, safetensors and espeak-ng, too (Models/README.md); pytest says what it leaves out without.
test-models: build
	if $(PYTHON) -c 'import pytest, scipy, soundfile, soxr' 2>/dev/null; then cd Models && $(PYTHON) -m pytest -q -p no:cacheprovider; \
	else echo 'test-models: left out, for $(PYTHON) has no pytest, scipy, soundfile and soxr'; fi

# Java is needed; PySpark and Ray are installed into .build/cluster.
test-cluster: library build
	PYTHON=$(PYTHON) Tests/cluster.sh $(LIBRARY)/libbonafide.so .build/release/bonafide

# rtpengine, SIPp, baresip and ffmpeg are needed.
test-live: build
	Tests/live/run.sh .build/release/bonafide

# Pictures of README and docs; Chromium is needed.
screenshots: build
	/usr/bin/python3 -B Tests/Page/screenshots.py docs/images

# Chromium is needed.
test-page: build
	Tests/Page/run.sh

# schemathesis is needed.
test-http: build
	PYTHON=$(PYTHON) Tests/HTTP/run.sh .build/release/bonafide

# In scratch folders; what checks man pages and completions is used where it is there.
test-install: library build
	Tests/install.sh

demo: build
	.build/release/bonafide scan samples || [ $$? -eq 1 ]
	samples/check.sh .build/release/bonafide

samples:
	samples/make.sh

# Folder of libraries, in PREFIX.
LIBDIR ?= lib
# PREFIX from the root, since pkg-config needs it so.
prefix = $(if $(filter /%,$(PREFIX)),$(PREFIX),$(CURDIR)/$(PREFIX))
root = $(DESTDIR)$(prefix)
bash-completions = share/bash-completion/completions
zsh-completions = share/zsh/site-functions
fish-completions = share/fish/vendor_completions.d

# Builds nothing, so that root needs no Swift.
install:
	@[ -x .build/release/bonafide ] && [ -e $(LIBRARY)/libbonafide.so ] || { echo 'install: run make first' >&2; exit 1; }
	install -d '$(root)/bin' '$(root)/share/man/man1' '$(root)/$(bash-completions)' '$(root)/$(zsh-completions)' '$(root)/$(fish-completions)'
	install -s .build/release/bonafide '$(root)/bin/bonafide'
	Bindings/C/install.sh $(LIBRARY) $(VERSION) '$(DESTDIR)' '$(prefix)' '$(LIBDIR)'
	install -m 644 -t '$(root)/share/man/man1' Manual/*.1
	.build/release/bonafide --generate-completion-script bash >'$(root)/$(bash-completions)/bonafide'
	.build/release/bonafide --generate-completion-script zsh >'$(root)/$(zsh-completions)/_bonafide'
	.build/release/bonafide --generate-completion-script fish >'$(root)/$(fish-completions)/bonafide.fish'

# What install put there, and no folder that others use.
uninstall:
	rm -f '$(root)/bin/bonafide' '$(root)/include/bonafide.h' '$(root)/$(LIBDIR)/libbonafide.a' '$(root)/$(LIBDIR)/libbonafide.so' \
	  '$(root)/$(LIBDIR)/libbonafide.so.$(firstword $(subst ., ,$(VERSION)))' '$(root)/$(LIBDIR)/libbonafide.so.$(VERSION)' \
	  '$(root)/$(LIBDIR)/pkgconfig/bonafide.pc' '$(root)/$(bash-completions)/bonafide' '$(root)/$(zsh-completions)/_bonafide' \
	  '$(root)/$(fish-completions)/bonafide.fish' $(foreach page,$(notdir $(wildcard Manual/*.1)),'$(root)/share/man/man1/$(page)')
	rm -f '$(root)/$(LIBDIR)/cmake/Bonafide/BonafideConfig.cmake' '$(root)/$(LIBDIR)/cmake/Bonafide/BonafideConfigVersion.cmake'
	[ ! -d '$(root)/$(LIBDIR)/cmake/Bonafide' ] || rmdir --ignore-fail-on-non-empty '$(root)/$(LIBDIR)/cmake/Bonafide'

train: export PYTHONPATH = $(CURDIR)/Models/src
train:
	$(PYTHON) -m bonafide_models.train '$(RECIPE)' $(train-folders) $(TRAINFLAGS)
	$(PYTHON) -m bonafide_models.export '$(RECIPE)' $(train-folders)

# Of what git knows or would take in, built by itself in .build/package; what it takes: docs/install.md.
packages:
	SWIFTFLAGS='$(fft-flags) $(SWIFTFLAGS)' Packaging/deb.sh
	PYTHON=$(PYTHON) Packaging/wheel.sh
	Packaging/tarball.sh

# Each in a bare Debian 12. Root, and the net.
test-packages:
	Packaging/check.sh

# All that is handed on, of sources that pass all tests.
release: test packages test-packages
	@cd .build/package && sha256sum *.deb *.whl *.tar.gz *.tar.xz | tee SHA256SUMS

clean:
	$(SWIFT) package clean
