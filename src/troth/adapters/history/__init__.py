"""Order history from files: a declared mapping, rows read as they are, orders captured through the write door."""

from troth.adapters.history.account import Account
from troth.adapters.history.load import load_history
from troth.adapters.history.mapping import HistoryMapping, MappingWrong, read_mapping

__all__ = ["Account", "HistoryMapping", "MappingWrong", "load_history", "read_mapping"]
