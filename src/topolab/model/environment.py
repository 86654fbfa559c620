"""The keys of a run's environment that more than one layer uses."""

IMAGE_IDS = "images"
"""The ids of a run's images, by name. Images with different ids may have the same contents."""

FILES = "files"
"""A digest of each file or folder outside of images that the plan's cells run from, by its name in a checkout."""

IMAGE_PARTS = "image_parts"
"""A digest of each part that goes into an image and that the plan uses, by image name and part name."""
