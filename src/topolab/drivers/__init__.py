"""The load drivers: each turns a load profile and a target into a `Measurement`."""
