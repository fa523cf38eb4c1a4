import io
import tracemalloc
import zipfile

from datasets import storage as store
from models_registry.archive import stream_zip


def test_memory_stays_at_a_chunk(storage):
    folder = storage / "models" / "big"
    folder.mkdir(parents=True)
    with (folder / "weights").open("wb") as file:
        file.truncate(64 << 20)
    tracemalloc.start()
    total = sum(len(chunk) for chunk in stream_zip("models/big"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 64 << 20
    assert peak < 8 << 20


def test_names_keep_their_folders(storage):
    store.write_bytes("models/m/code/vision/a.py", b"a")
    store.write_bytes("models/m/MLmodel", b"m")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(stream_zip("models/m"))))
    assert archive.namelist() == ["MLmodel", "code/vision/a.py"]
