"""Labels of parcels: what becomes of them, what is printed on them, and which carrier is to have which parcel."""
