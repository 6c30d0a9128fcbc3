"""Places as clients send them: where something goes, and where about a pickup is looked for."""

from typing import Annotated

from pydantic import Field, StringConstraints

from troth.http.edge.body import Country, Strict, Text
from troth.model.network import Address


class AddressBody(Strict):
    """A postal address; the coordinates (degrees) are looked up where they are left out."""

    country: Country
    name: Text = ""
    line1: Text = ""
    line2: Text = ""
    city: Text = ""
    region: Text = ""
    postcode: Annotated[Text, StringConstraints(max_length=20)] = ""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    residential: Annotated[bool | None, Field(description="Whether it is a home; not known: surcharges say yes.")] = (
        None
    )

    def address(self) -> Address:
        """The address that this is."""
        return Address(
            self.country,
            self.name,
            self.line1,
            self.line2,
            self.city,
            self.region,
            self.postcode,
            self.latitude,
            self.longitude,
            residential=self.residential,
        )


class NearBody(Strict):
    """Where about a pickup is looked for: a point in degrees, or a US ZIP code."""

    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    postcode: Annotated[Text, StringConstraints(max_length=20)] = ""
    country: Country = "US"

    def point(self) -> Address:
        """The place that this is."""
        return Address(self.country, postcode=self.postcode, latitude=self.latitude, longitude=self.longitude)
