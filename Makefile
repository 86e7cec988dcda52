PREFIX ?= /usr/local
SWIFT ?= swift
# Options for every swift call, such as SWIFTFLAGS="-j 1".
SWIFTFLAGS ?=

# For `make train`: a folder with protocol.tsv, and where decoded clips (6 GB) and checkpoints go.
PYTHON ?= python3
CORPUS ?= ../shared/corpus
CACHE ?= .build/training/cache
RUN ?= .build/training/run
MODEL ?= Models/narrowband
# Recordings without speech, for the speech head (WAV).
MUSIC ?= /usr/share/asterisk/moh
TRAINFLAGS ?= --minutes 60

.PHONY: all help build manual test demo samples install train clean

all: build manual

help:
	@echo 'make          the command, optimised, and its man pages'
	@echo 'make build    the command alone: .build/release/bonafide'
	@echo 'make test     all tests'
	@echo 'make demo     screens samples/ and compares with what is true'
	@echo 'make samples  makes the recordings of samples/ again (packages: top of samples/make.sh)'
	@echo 'make install  what make has built, and shell completions, under PREFIX=$(PREFIX)'
	@echo 'make train    a model from CORPUS=$(CORPUS); see Models/training/README.md'
	@echo 'make clean    removes what was built'

build:
	$(SWIFT) build -c release --product bonafide $(SWIFTFLAGS)

manual:
	$(SWIFT) package generate-manual --multi-page

test:
	$(SWIFT) test $(SWIFTFLAGS)

demo: build
	.build/release/bonafide scan samples || [ $$? -eq 1 ]
	samples/check.sh .build/release/bonafide

samples:
	samples/make.sh

# Builds nothing, so that root needs no Swift.
install:
	@[ -x .build/release/bonafide ] || { echo 'install: run make first' >&2; exit 1; }
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/man/man1' \
	  '$(DESTDIR)$(PREFIX)/share/bash-completion/completions' \
	  '$(DESTDIR)$(PREFIX)/share/zsh/site-functions' '$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d'
	install -s .build/release/bonafide '$(DESTDIR)$(PREFIX)/bin/bonafide'
	find .build/plugins -name 'bonafide*.1' ! -name '*.help.1' -exec install -m 644 -t '$(DESTDIR)$(PREFIX)/share/man/man1' {} +
	.build/release/bonafide --generate-completion-script bash >'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/bonafide'
	.build/release/bonafide --generate-completion-script zsh >'$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_bonafide'
	.build/release/bonafide --generate-completion-script fish >'$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/bonafide.fish'

train:
	$(PYTHON) Models/training/corpus.py '$(CORPUS)/protocol.tsv' '$(CACHE)'
	$(PYTHON) Models/training/train.py '$(CACHE)' '$(RUN)' --music '$(MUSIC)' $(TRAINFLAGS)
	$(PYTHON) Models/training/export.py '$(CACHE)' '$(RUN)' '$(MODEL)'
	$(PYTHON) Models/training/golden_model.py

clean:
	$(SWIFT) package clean
