"""Where the folders of nodes and partners are, and in what files of nodes may be written, as the settings say."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from troth.adapters.node_files.csv_rows import CsvRows
from troth.adapters.node_files.folder import open_local
from troth.adapters.node_files.json_lines import JsonLines
from troth.flows.nodes.files import Codec, OpenFolder
from troth.model.node_link import FileFormat
from troth.settings import Settings

CODECS: Final[Mapping[FileFormat, Codec]] = {FileFormat.CSV: CsvRows(), FileFormat.JSON_LINES: JsonLines()}
"""Each format with what writes and reads it; a new one is a row here."""


def folder_of(settings: Settings) -> Path:
    """Below which folder those of nodes are."""
    return settings.node_folder or settings.data_dir / "nodes"


def open_folders(settings: Settings) -> OpenFolder:
    """What finds the folder of a node: a folder of this machine, or one that is mounted here."""
    return open_local(folder_of(settings))


def open_edi_folders(settings: Settings) -> OpenFolder:
    """What finds the folder of a trading partner, likewise."""
    return open_local(settings.edi_folder or settings.data_dir / "edi")
