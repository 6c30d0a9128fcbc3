"""Who sold an order, where that is another node than sends it: an endless aisle."""

from typing import Final

SELLER_NODE: Final = "seller_node"
"""The attribute of an order that names the node which sold it."""
SELLER: Final = "seller"
"""The attribute that names who sold it there."""
