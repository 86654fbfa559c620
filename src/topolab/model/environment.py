"""The keys of a run's environment that mean something to more than one layer."""

IMAGE_IDS = "images"
"""The ids of a run's images, by name. Two images with different ids may hold the same."""

IMAGE_PARTS = "image_parts"
"""A digest of each part that goes into an image and that the plan uses, by the image's name and the part's."""
