"""The containers and codecs that the engine opens, and what it makes of a file that is none of them.

FFmpeg knows formats that open other files or make requests (playlists, concat scripts, SDP), so only names listed here
are let through. The lists hold what people record with; names as `ffmpeg -formats` and `ffmpeg -codecs` print them.
"""

CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,gsm,iff,matroska,webm,mov,mp4,m4a,3gp,3g2,"
    "mj2,mp3,mpc,mpc8,mpeg,mpegts,mxf,ogg,oma,rm,sln,tak,tta,voc,w64,wav,wv"
)

# Sound without a mark of its own: only the ending of its name tells what it is.
UNMARKED = frozenset(("gsm", "sln"))

CODECS = frozenset(
    """
    aac aac_fixed aac_latm ac3 ac3_fixed adpcm_g722 adpcm_g726 adpcm_ima_qt adpcm_ima_wav adpcm_ms adpcm_yamaha alac
    amrnb amrwb ape cook dca dsd_lsbf dsd_lsbf_planar dsd_msbf dsd_msbf_planar eac3 flac g722 g726 gsm gsm_ms ilbc
    mace3 mace6 mlp mp1 mp1float mp2 mp2float mp3 mp3float mpc7 mpc8 nellymoser opus libopus pcm_alaw pcm_bluray
    pcm_dvd pcm_f32be pcm_f32le pcm_f64be pcm_f64le pcm_lxf pcm_mulaw pcm_s16be pcm_s16be_planar pcm_s16le
    pcm_s16le_planar pcm_s24be pcm_s24le pcm_s24le_planar pcm_s32be pcm_s32le pcm_s32le_planar pcm_s64be pcm_s64le
    pcm_s8 pcm_s8_planar pcm_u16be pcm_u16le pcm_u24be pcm_u24le pcm_u32be pcm_u32le pcm_u8 pcm_vidc qcelp qdm2 qdmc
    ra_144 ra_288 ralf roq_dpcm shorten sipr speex libspeex tak truehd tta twinvq vorbis libvorbis wavpack
    wmalossless wmapro wmav1 wmav2 wmavoice xan_dpcm
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
