#!/usr/bin/env python3
"""SIPp and baresip call by SIP, and send their audio to `bonafide serve`: sip.py COMMAND.

SIP itself is SIPp's on the other side, whose answer names the host's port for RTP.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from host import Host, compare, mu_law, scanned

SECONDS = 8
SIP = {"callee": 15860, "sipp": 15862, "baresip": 15864}

ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="callee">
  <recv request="INVITE"/>
  <send retrans="500"><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=[pid]
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:[local_ip]:[local_port]>
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=- 1 1 IN IP4 127.0.0.1
    s=-
    c=IN IP4 127.0.0.1
    t=0 0
    m=audio {port} RTP/AVP 0
    a=rtpmap:0 PCMU/8000
    a=ptime:20
    a=recvonly
  ]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0
  ]]></send>
</scenario>
"""
REQUEST = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
  <send retrans="500"><![CDATA[
    INVITE sip:callee@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]
    To: <sip:callee@[remote_ip]:[remote_port]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:caller@[local_ip]:[local_port]>
    Max-Forwards: 70
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=- 1 1 IN IP[local_ip_type] [local_ip]
    s=-
    c=IN IP[media_ip_type] [media_ip]
    t=0 0
    m=audio [rtpstream_audio_port] RTP/AVP 0
    a=rtpmap:0 PCMU/8000
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
    ACK sip:callee@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]
    [last_To:]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Max-Forwards: 70
    Content-Length: 0
  ]]></send>
  <nop><action><exec rtp_stream="{voice},1,0"/></action></nop>
  <pause milliseconds="{milliseconds}"/>
  <send retrans="500"><![CDATA[
    BYE sip:callee@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]
    [last_To:]
    Call-ID: [call_id]
    CSeq: 2 BYE
    Max-Forwards: 70
    Content-Length: 0
  ]]></send>
  <recv response="200"/>
</scenario>
"""


def sipp(folder, name, scenario, *arguments):
    """SIPp with a scenario, for one call."""
    path = Path(folder, name + ".xml")
    path.write_text(scenario)
    return subprocess.Popen(
        ["sipp", "-sf", path, "-m", "1", "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(SIP[name]), "-nostdin", "-timeout", "60s", *arguments],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def baresip(folder, voice):
    """baresip, which plays a file to whom it calls, and hangs up some time later."""
    subprocess.run(["ffmpeg", "-v", "error", "-f", "mulaw", "-ar", "8000", "-i", voice, folder / "voice.wav"], check=True)
    settings = folder / "baresip"
    settings.mkdir()
    (settings / "config").write_text(
        f"sip_listen 127.0.0.1:{SIP['baresip']}\nmodule_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\nmodule_app account.so\n"
        f"module_app menu.so\naudio_source aufile,{folder}/voice.wav\naudio_player aufile,{folder}/heard.wav\n"
        "audio_txmode thread\nrtp_ports 15870-15890\n")
    (settings / "accounts").write_text("<sip:caller@127.0.0.1>;regint=0;audio_codecs=PCMU\n")
    return subprocess.Popen(["baresip", "-f", settings, "-e", f"/dial sip:callee@127.0.0.1:{SIP['callee']}", "-t", str(SECONDS + 2)],
                            stdout=(folder / "baresip.log").open("w"), stderr=subprocess.STDOUT)


def main(command):
    if not shutil.which("sipp"):
        return print("test-live: SIPp and baresip left out, for there is no sipp")
    with Host(command, rtp=15840) as host:
        voice = mu_law("genuine-en.ulaw.wav", host.folder, SECONDS)
        expected = scanned(command, voice)
        callee = sipp(host.folder, "callee", ANSWER.replace("{port}", str(host.rtp)))
        scenario = REQUEST.replace("{voice}", str(voice)).replace("{milliseconds}", str(1000 * SECONDS + 500))
        caller = sipp(host.folder, "sipp", scenario, f"127.0.0.1:{SIP['callee']}")
        assert caller.wait() == 0 and callee.wait() == 0
        compare("SIPp", host.ended(f"rtp-{host.rtp}"), [expected], SECONDS, within=1e-3)
        if not shutil.which("baresip") or not shutil.which("ffmpeg"):
            return print("test-live: baresip left out, for there is no baresip and ffmpeg")
        callee = sipp(host.folder, "callee", ANSWER.replace("{port}", str(host.rtp + 2)))
        caller = baresip(host.folder, voice)
        try:
            compare("baresip", host.ended(f"rtp-{host.rtp + 2}"), [expected], SECONDS, within=0.5)
        finally:
            for process in (caller, callee):
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main(sys.argv[1])
