"""The sample retailer: a network, a catalog, stock and future supply, all generated from a seed."""

from troth.replay.retailer.purchase_orders import PurchaseOrder, PurchaseOrderLine
from troth.replay.retailer.retailer import Retailer, RetailerSize, make_retailer

__all__ = ["PurchaseOrder", "PurchaseOrderLine", "Retailer", "RetailerSize", "make_retailer"]
