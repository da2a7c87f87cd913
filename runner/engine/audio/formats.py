"""The containers and codecs that the engine opens, and what it makes of a file that is none of them.

FFmpeg knows formats that open other files or make requests (playlists, concat scripts, SDP), so only names listed here
are let through. The lists hold what people record with; names as `ffmpeg -formats` and `ffmpeg -decoders` print them.
"""

import re
from typing import BinaryIO

CONTAINERS = (
    "aac,ac3,act,aea,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dss,dts,dtshd,dv,eac3,flac,flv,g722,g723_1,g729,gsm,"
    "iff,ircam,ivr,loas,matroska,webm,mlp,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nsv,nut,ogg,"
    "oma,pva,qcp,rm,shn,sln,sox,tak,truehd,tta,voc,vqf,w64,wav,wtv,wv,xwma"
)

# Sound without a mark of its own: only the ending of its name tells what it is.
UNMARKED = {
    "g722": "g722",
    "g723_1": "g723_1",
    "g729": "g729",
    "gsm": "gsm",
    "rco": "g723_1",
    "sln": "sln",
    "tco": "g723_1",
}

CODECS = frozenset(
    """
    8svx_exp 8svx_fib aac aac_fixed aac_latm ac3 ac3_fixed adpcm_ct adpcm_ima_amv adpcm_ima_qt adpcm_ima_wav
    adpcm_ms adpcm_sbpro_2 adpcm_sbpro_3 adpcm_sbpro_4 adpcm_swf adpcm_yamaha alac als amrnb amrwb ape atrac1 atrac3
    atrac3al atrac3plus atrac3plusal cook dca dsd_lsbf dsd_lsbf_planar dsd_msbf dsd_msbf_planar dss_sp dvaudio eac3
    evrc flac g722 g723_1 g726 g726le g729 gsm gsm_ms ilbc imc libopus mace3 mace6 metasound mlp mp1 mp1float mp2
    mp2float mp3 mp3adu mp3adufloat mp3float mp3on4 mp3on4float mpc7 mpc8 msnsiren nellymoser opus pcm_alaw
    pcm_bluray pcm_dvd pcm_f32be pcm_f32le pcm_f64be pcm_f64le pcm_lxf pcm_mulaw pcm_s16be pcm_s16be_planar
    pcm_s16le pcm_s16le_planar pcm_s24be pcm_s24le pcm_s24le_planar pcm_s32be pcm_s32le pcm_s32le_planar pcm_s64be
    pcm_s64le pcm_s8 pcm_s8_planar pcm_u16be pcm_u16le pcm_u24be pcm_u24le pcm_u32be pcm_u32le pcm_u8 pcm_vidc qcelp
    qdm2 qdmc ralf real_144 real_288 roq_dpcm s302m shorten sipr siren speex tak truehd truespeech tta twinvq vorbis
    wavpack wmalossless wmapro wmav1 wmav2 wmavoice xan_dpcm xma1 xma2
    """.split()
)

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
