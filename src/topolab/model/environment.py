"""The keys of a run's environment that more than one layer uses."""

IMAGE_IDS = "images"
"""The ids of a run's images, by name. Images with different ids may have the same contents."""

FILES = "files"
"""A digest of each file or folder outside of images that the plan's cells run from, by its name in a checkout."""

IMAGE_PARTS = "image_parts"
"""A digest of each part that goes into an image and that the plan uses, by image name and part name."""

CPUS_BY_ROLE = "cpus_by_role"
"""The processors of client, proxy and server, by role; null if processes are not pinned."""

LOAD_FROM = "load_from"
"""Where the load of containers comes from. The local backend has no such key."""

FROM_THIS_MACHINE = "this machine"
"""The value of `LOAD_FROM` if the engine is on another machine, so that client and server share nothing."""
