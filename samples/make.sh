#!/usr/bin/env bash
# Makes the recordings of this folder and their truth: the same bytes each time with the package versions of Debian 12.
#
# apt-get install sox festival festvox-kallpc16k festvox-us-slt-hts flite espeak-ng asterisk-moh-opsound-wav \
#   asterisk-core-sounds-en-wav asterisk-core-sounds-fr-wav asterisk-core-sounds-es-wav asterisk-core-sounds-it-wav
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sounds=/usr/share/asterisk/sounds
music=/usr/share/asterisk/moh
pcm=(-r 8000 -c 1 -b 16 -e signed-integer)

for tool in sox soxi text2wave flite espeak-ng; do
  command -v "$tool" >/dev/null || { echo "make.sh: $tool is not installed; see the top of this script" >&2; exit 1; }
done

# -D: without dither, -R: the same noise each time.
run_sox() { sox -D -R "$@"; }

# level IN OUT: 8 kHz mono, peak at -6 dB, silence at both ends off.
level() {
  run_sox "$1" "${pcm[@]}" "$2" remix 1 rate -v 8000 silence 1 0.02 0.3% reverse silence 1 0.02 0.3% reverse gain -n -6
}

prompt() { # LANGUAGE/NAME OUT
  local path="$sounds/$1.wav"
  [ -f "$path" ] || { echo "make.sh: $path is missing; see the packages at the top of this script" >&2; exit 1; }
  level "$path" "$2"
}

festival_voice() { # VOICE TEXT OUT
  text2wave -eval "($1)" -o "$work/raw.wav" <<<"$2"
  level "$work/raw.wav" "$3"
}

flite_voice() { # VOICE TEXT OUT
  flite -voice "$1" -t "$2" -o "$work/raw.wav"
  level "$work/raw.wav" "$3"
}

espeak_voice() { # VOICE TEXT OUT
  espeak-ng -v "$1" -s 150 -w "$work/raw.wav" "$2"
  level "$work/raw.wav" "$3"
}

silence() { run_sox -n "${pcm[@]}" "$2" trim 0 "$1"; } # SECONDS OUT

# line IN OUT: what every party goes through, genuine or not: a telephone band and a little noise.
line() {
  run_sox "$1" "${pcm[@]}" "$work/band.wav" sinc 250-3500
  local samples
  samples=$(soxi -s "$work/band.wav")
  run_sox -r 8000 -n "${pcm[@]}" "$work/noise.wav" synth "${samples}s" pinknoise gain -52
  run_sox -m -v 1 "$work/band.wav" -v 1 "$work/noise.wav" "${pcm[@]}" "$2"
}

# party OUT FILE...: the files one after another, pauses of 0.3 to 0.6 s between, over the line.
party() {
  local out=$1 pauses=(0.45 0.3 0.6 0.4 0.5) parts=() i=0 file
  shift
  silence 0.4 "$work/edge.wav"
  parts=("$work/edge.wav")
  for file; do
    silence "${pauses[i % 5]}" "$work/pause$i.wav"
    parts+=("$file" "$work/pause$i.wav")
    i=$((i + 1))
  done
  run_sox "${parts[@]}" "$work/joined.wav"
  line "$work/joined.wav" "$out"
}

seconds() { soxi -D "$1"; }

cd "$work"

# Genuine: one party each.
prompt en_US_f_Allison/vm-options a1.wav
prompt en_US_f_Allison/queue-periodic-announce a2.wav
party genuine-en.wav a1.wav a2.wav
run_sox genuine-en.wav -e mu-law "$here/genuine-en.ulaw.wav"

prompt fr_CA_f_June/demo-echotest a1.wav
party genuine-fr.wav a1.wav
run_sox genuine-fr.wav -e a-law "$here/genuine-fr.alaw.wav"

prompt es_MX_f_Allison/demo-echotest a1.wav
party genuine-es.wav a1.wav
run_sox genuine-es.wav -e gsm-full-rate "$here/genuine-es.gsm.wav"

prompt it_IT_m_Carlo/demo-echotest a1.wav
party genuine-it.wav a1.wav
run_sox genuine-it.wav -e ima-adpcm "$here/genuine-it.adpcm.wav"

# Synthetic: one party each.
festival_voice voice_cmu_us_slt_arctic_hts \
  "Hello, this is Karen Miller. I am calling about my account, because I lost my phone on the train this morning." s1.wav
festival_voice voice_cmu_us_slt_arctic_hts \
  "Could you please move the security code to a new number? I need to pay an invoice before five o'clock today." s2.wav
party synthetic-hts.wav s1.wav s2.wav
run_sox synthetic-hts.wav -e mu-law "$here/synthetic-hts.ulaw.wav"

festival_voice voice_kal_diphone \
  "Good morning. I would like to change the address on my insurance policy, and then ask about a payment." s1.wav
festival_voice voice_kal_diphone \
  "The new address is forty two Garden Street, second floor. The policy number ends in seven three nine." s2.wav
party synthetic-diphone.wav s1.wav s2.wav
run_sox synthetic-diphone.wav -e a-law "$here/synthetic-diphone.alaw.wav"

espeak_voice fr-fr \
  "Bonjour, je vous appelle au sujet de ma facture. Le montant du mois dernier me semble beaucoup trop élevé." s1.wav
espeak_voice fr-fr \
  "Pouvez-vous vérifier mon dossier, s'il vous plaît ? Je reste en ligne pendant que vous cherchez." s2.wav
party synthetic-espeak.wav s1.wav s2.wav
run_sox synthetic-espeak.wav -e gsm-full-rate "$here/synthetic-espeak.gsm.wav"

# A call: the genuine agent on the left, the synthetic caller on the right, in turn.
prompt en_US_f_Allison/dir-intro t1.wav
flite_voice rms "Hi, yes. My name is David Harper, and I am trying to reach the billing department about a refund." t2.wav
prompt en_US_f_Allison/dir-instr t3.wav
flite_voice rms "That is right. I spoke to somebody on Monday, and she told me that the money would arrive within two days." t4.wav
left=() right=()
turn=1
for side in left right left right; do
  silence "$(seconds t$turn.wav)" "quiet$turn.wav"
  silence 0.5 "gap$turn.wav"
  if [ $side = left ]; then
    left+=("gap$turn.wav" "t$turn.wav") right+=("gap$turn.wav" "quiet$turn.wav")
  else
    left+=("gap$turn.wav" "quiet$turn.wav") right+=("gap$turn.wav" "t$turn.wav")
  fi
  turn=$((turn + 1))
done
run_sox "${left[@]}" left.wav
run_sox "${right[@]}" right.wav
line left.wav agent.wav
line right.wav caller.wav
run_sox -M agent.wav caller.wav -e mu-law "$here/call-agent-caller.ulaw.wav"

# A genuine caller with one synthetic stretch, and where it lies.
silence 0.4 p1.wav
prompt en_US_f_Allison/demo-abouttotry p2.wav
silence 0.45 p3.wav
festival_voice voice_cmu_us_slt_arctic_hts \
  "Please send the whole amount to the new account today. The number is four one seven, nine two zero, five five three." p4.wav
silence 0.5 p5.wav
prompt en_US_f_Allison/demo-nogo p6.wav
silence 0.4 p7.wav
run_sox p[1-7].wav joined.wav
line joined.wav spliced.wav
run_sox spliced.wav -b 16 "$here/spliced.flac"
start=$(for n in 1 2 3; do soxi -s p$n.wav; done | awk '{n += $1} END {printf "%.3f", n / 8000}')
length=$(soxi -s p4.wav | awk '{printf "%.3f", $1 / 8000}')
printf 'SPEAKER spliced 1 %s %s <NA> <NA> synthetic <NA> <NA>\n' "$start" "$length" >"$here/spliced.rttm"

# Nobody speaks: ring-back, hold music, a pause, other hold music.
run_sox -n "${pcm[@]}" ring.wav synth 2 sine 440 synth 2 sine mix 480 gain -18 fade t 0.01 2 0.01
silence 1 quiet.wav
run_sox "$music/macroform-robot_dity.wav" "${pcm[@]}" m1.wav trim 24 8 fade t 0.2 8 0.3 gain -n -9
run_sox "$music/reno_project-system.wav" "${pcm[@]}" m2.wav trim 6 8 fade t 0.2 8 0.3 gain -n -9
run_sox ring.wav quiet.wav m1.wav quiet.wav m2.wav joined.wav
line joined.wav hold-music.wav
run_sox hold-music.wav -e a-law "$here/hold-music.alaw.wav"
