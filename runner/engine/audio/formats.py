"""The containers and codecs that the engine opens, and what it makes of a file that is none of them.

FFmpeg knows formats that open other files or make requests (playlists, concat scripts, SDP), so only names listed here
are let through: all that hold their sound themselves, by the names that `ffmpeg -formats` prints. First what is made to
be heard, then films and games.
"""

import re
from typing import BinaryIO

import av

CONTAINERS = ",".join(
    """
    aa aac aax ac3 ace acm act adp ads adx aea afc aiff aix alaw alp amr amrnb amrwb apac apc ape apm aptx aptx_hd
    argo_asf argo_brp asf asf_o ast au avi avr bfstm bit boa bonk brstm caf daud dcstr derf dfpwm dhav dsf dss dts
    dtshd dv eac3 epaf ea_cdata flac flv fsb fwse g722 g723_1 g728 g729 genh gsm gxf hca hcom iamf iff ilbc ircam iss
    ivr kux kvag laf live_flv loas lxf matroska webm mca mlp mmf mov mp4 m4a 3gp 3g2 mj2 mp3 mpc mpc8 mpeg mpegts msf
    mtaf mtv mulaw musx mxf mxg nistsphere nsp nsv nut nuv ogg oma osq paf pp_bnk pva pvf qcp qoa r3d rka rm rpl rsd
    rso s16le s337m s8 sbc scd sdns sds sdx shn siff sln smjpeg sol sox spdif svag svs swf tak truehd tta txd u16le u8
    vag vividas vivo voc vpk vqf w64 wady wav wavarc wsaud wsd wtv wv wve xa xmd xvag xwma

    3dostr 4xm avs bethsoftvid bfi bink binka bmv brender_pix c93 cdxl dsicin dxa ea film_cpk gdv hxvs idcin ifv
    ipmovie jv lmlm4 mm mods moflex mv mvi pmp psxstr redspark rl2 roq sga simbiosis_imx smk smush thp tiertexseq
    tmv usm vmd wc3movie wsvqa xmv yop
    """.split()
)

# Sound without a mark of its own: only the ending of its name tells what it is, and what it does not tell at all is
# as in telephony (G.711: 8 kHz) or as FFmpeg has it (raw samples: 44.1 kHz).
UNMARKED: dict[str, tuple[str, dict[str, str]]] = {
    "302": ("daud", {}),
    "722": ("g722", {}),
    "al": ("alaw", {"sample_rate": "8000"}),
    "aptx": ("aptx", {}),
    "aptxhd": ("aptx_hd", {}),
    "daud": ("daud", {}),
    "dfpwm": ("dfpwm", {}),
    "g722": ("g722", {}),
    "g723_1": ("g723_1", {}),
    "g728": ("g728", {}),
    "g729": ("g729", {}),
    "gsm": ("gsm", {}),
    "rco": ("g723_1", {}),
    "rso": ("rso", {}),
    "sb": ("s8", {}),
    "sln": ("sln", {}),
    "sw": ("s16le", {}),
    "tco": ("g723_1", {}),
    "ub": ("u8", {}),
    "ul": ("mulaw", {"sample_rate": "8000"}),
    "uw": ("u16le", {}),
}


def _decodes_sound(name: str) -> bool:
    try:
        return av.Codec(name, "r").type == "audio"
    except av.codec.codec.UnknownCodecError:  # it only encodes
        return False


# Every decoder of sound that is there: one turns bytes into samples and opens nothing. That of pictures is not needed,
# and `wavesynth` makes sound of a script.
CODECS = frozenset(filter(_decodes_sound, av.codecs_available)) - {"wavesynth"}

# A file that starts like one of these was a recording once: what cannot be read of it is damage, not a foreign format.
MAGIC = (
    b"RIFF",
    b"RF64",
    b"fLaC",
    b"OggS",
    b"ID3",
    b"\x1aE\xdf\xa3",
    b"FORM",
    b"\x30\x26\xb2\x75",
    b".snd",
    b"caff",
    b"FLV",
    b"riff",  # Wave64
    b"wvpk",
    b"TTA1",
    b"MAC ",
    b"MPCK",
    b"MP+",
    b"ajkg",
    b"tBaK",
    b"#!AMR",
    b".RMF",
    b"DSD ",
    b"FRM8",
    b"NIST_1A",
    b"Creative Voi",
    b"nut/multimed",
    b"\x06\x0e\x2b\x34",  # MXF
    b"\xb7\xd8\x00\x20",  # WTV
)


def looks_damaged(path: str) -> bool:
    """Whether the file's first bytes are those of a known container."""
    with open(path, "rb") as file:
        head = file.read(12)
    return head.startswith(MAGIC) or head[4:8] == b"ftyp"


def mp3_seconds(path: str, rate: int) -> float | None:
    """The length that the first frame of an MP3 tells (a Xing or Info header), unless more was joined to it.

    Without one the length is reckoned from the size of the file and the bit rate of its beginning.
    """
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(10)
        if head.startswith(b"ID3"):
            file.seek(10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)))
        else:
            file.seek(0)
        begin = file.tell()
        frame = file.read(256)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or frame[at + 7] & 3 != 3 or not rate:  # the numbers of frames and of bytes
        return None
    frames, told = (int.from_bytes(frame[at + place : at + place + 4]) for place in (8, 12))
    samples = 1152 if rate >= 32_000 else 576
    return frames * samples / rate if size - begin < told * 1.1 else None


def ogg_links(path: str) -> list[int]:
    """Where the recordings begin that are chained in an Ogg file: each at a first page (RFC 3533, 6), or, of several
    tracks, at a row of them."""
    links: list[int] = []
    row = 0  # where the row of first pages ends
    with open(path, "rb") as file:
        for start in _first_pages(file):
            if start != row or not links:
                links.append(start)
            file.seek(start + 26)
            row = start + 27 + (count := file.read(1)[0]) + sum(file.read(count))
    return links or [0]


def _first_pages(file: BinaryIO) -> list[int]:
    found: list[int] = []
    tail, at = b"", 0
    while chunk := file.read(1 << 20):
        data = tail + chunk
        found += [at - len(tail) + match.start() for match in re.finditer(rb"OggS\x00[\x02\x06]", data)]
        tail, at = data[-5:], at + len(chunk)
    return found
