"""What each finding of an import means and what to do about it, in a sentence. Codes not listed explain themselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FindingCode:
    """`title` names the kind, `advice` says what to do."""

    code: str
    title: str
    advice: str = ""


_LISTED = [
    FindingCode("invalid_json", "Lines that are not JSON", "Correct these lines; each must be one JSON object."),
    FindingCode("repaired_line", "Lines with a slip that was repaired", "Nothing needs to be done."),
    FindingCode("line_too_long", "Lines over the limit", "Is a picture packed into the label? Keep images in files."),
    FindingCode("missing_image_url", "Rows without an image", "Give each row the path of its image."),
    FindingCode("missing_image", "Images that are not there", "Add the images, or correct the paths."),
    FindingCode("missing_label", "Rows without the label field", "Is the label column named right? See the settings."),
    FindingCode("invalid_label", "Labels that cannot be understood", "Correct these labels; the message says how."),
    FindingCode(
        "pixel_coordinates",
        "Coordinates in pixels",
        "Upload again with the setting Coordinates of JSON Lines at pixels.",
    ),
    FindingCode("repaired_label", "Labels that were repaired", "Nothing needs to be done: the repair is certain."),
    FindingCode("unlabelled", "Images without a label", "Label them, or say in the settings that they are background."),
    FindingCode("unlisted_images", "Images no annotation names", "Add rows for them if they were to be used."),
    FindingCode("repeated_row", "Rows that stand there twice", "Nothing needs to be done."),
    FindingCode("size_mismatch", "Sizes that are not the image's", "Were the labels drawn on images of another size?"),
    FindingCode("conflicting_labels", "One picture, different labels", "Decide which label is right."),
    FindingCode("image_in_two_splits", "One picture in two splits", "Move it to one split: scores look too good."),
    FindingCode("near_twin_labels", "Class names that are nearly the same", "Merge them by renaming one."),
    FindingCode("invalid_image", "Files that are no image", "Replace them; JPEG, PNG, WebP, BMP, TIFF, GIF are read."),
    FindingCode("damaged_image", "Damaged images", "Save them again from their source."),
    FindingCode("image_too_large", "Images over the limit", "Scale them down, or cut them into tiles."),
    FindingCode("unused_file", "Label files that were not read", "Name them in the MLTable if they belong to it."),
]
_BY_CODE = {entry.code: entry for entry in _LISTED}


def explain_code(code: str) -> FindingCode:
    """Title and advice of a finding's code."""
    return _BY_CODE.get(code) or FindingCode(code, code.replace("_", " ").capitalize())
