-- What carts draw from protections and quotas until they end or become orders.
ALTER TABLE cart_holds ADD COLUMN draws json; -- [[draw, units], …], sorted; null: nothing is counted
