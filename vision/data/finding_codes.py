"""What each finding of an import means and what to do about it, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FindingCode:
    """`title` names the kind, `advice` says what to do."""

    code: str
    title: str
    advice: str = ""


NOTHING = "Nothing needs to be done."
_FILES = [
    FindingCode("invalid_json", "Lines that are not JSON", "Correct these lines; each must be one JSON object."),
    FindingCode("repaired_line", "Lines with a slip that was repaired", NOTHING),
    FindingCode("line_too_long", "Lines over the limit", "Is a picture packed into the label? Keep images in files."),
    FindingCode("invalid_csv", "Rows that do not fit their table", "Give each row as many cells as the header has."),
    FindingCode("empty_table", "Tables without a row", "Export the table again, or remove it."),
    FindingCode("invalid_xml", "XML that cannot be read", "Export the file again; entities are refused."),
    FindingCode("invalid_encoding", "Text that is not UTF-8", "Save the file as UTF-8."),
    FindingCode("unknown_encoding", "Encodings an MLTable does not know", "Save the file as UTF-8 and say so there."),
    FindingCode("file_too_large", "Label files over the limit", "Is a picture packed into it? Keep images in files."),
    FindingCode("unreadable_file", "Label files that cannot be read", "Save them again as UTF-8 and upload them."),
    FindingCode("missing_file", "Label files that are not there", "Add the files, or correct the paths."),
    FindingCode("missing_list", "Files without their list of objects", "Export the file again, with all its lists."),
    FindingCode("nested_archive", "Archives within the upload", "Unpack them first, or upload them side by side."),
    FindingCode("unused_file", "Label files that were not read", "Name them in the MLTable if they belong to it."),
    FindingCode("invalid_mltable", "MLTables that cannot be read", "Correct them as the message says."),
    FindingCode(
        "unsupported_transformation", "MLTables with unknown steps", "Take the step out, or write its outcome."
    ),
    FindingCode("empty_filter", "Filters that keep no row", "Compare the filter of the MLTable with its rows."),
    FindingCode("partition_mismatch", "Paths unlike the partition format", "Correct the format in the MLTable."),
    FindingCode("wrong_column_type", "Values that a column type refuses", "Correct the values, or the type."),
    FindingCode("invalid_data_yaml", "data.yaml that cannot be used", "Correct it as the message says."),
    FindingCode("invalid_labelmap", "Label maps that cannot be read", "Correct labelmap.txt as the message says."),
    FindingCode("invalid_class_list", "Class lists that cannot be used", "Write one class name a line."),
    FindingCode("invalid_card", "Data set cards that cannot be read", "Correct the head of README.md."),
]
_ROWS = [
    FindingCode("missing_label", "Rows without the label field", "Is the label column named right? See the settings."),
    FindingCode("missing_image_url", "Rows without an image", "Give each row the path of its image."),
    FindingCode("repeated_row", "Rows that stand there twice", NOTHING),
    FindingCode("unlabelled", "Images without a label", "Label them, or say in the settings that they are background."),
    FindingCode("unlisted_images", "Images no annotation names", "Add rows for them if they were to be used."),
    FindingCode("background_images", "Images with nothing on them", "Leave out those that nobody has looked at yet."),
    FindingCode("no_class_folder", "Images in no class folder", "Move them into the folder of their class."),
    FindingCode("unknown_split", "Splits with an unknown name", "Call them train, validation or test."),
    FindingCode("missing_group_column", "Tables without the group column", "Is it named right? See the settings."),
    FindingCode("missing_id", "Entries without an id", "Export the file again: ids tie labels to images."),
    FindingCode("duplicate_id", "Entries that share an id", "Give each entry an id of its own."),
    FindingCode("unknown_image", "Labels of an image that is not listed", "List the image, or take the labels out."),
    FindingCode("several_annotations", "Images labelled more than once", "Is the newest right? Cancel it if not."),
    FindingCode(
        "predictions_ignored", "Labels that only a model gave", "Accept them in Label Studio and export again."
    ),
    FindingCode("video_tracks", "Tracks of a video", "Export from CVAT as CVAT for images."),
]
_CLASSES = [
    FindingCode("no_labels", "Files without any label", "Choose the format yourself, or add labels."),
    FindingCode("unknown_class", "Instances of an unknown class", "Name every value of the masks in the class list."),
    FindingCode("unknown_category", "Categories that are not listed", "Add them to the categories of the file."),
    FindingCode("invalid_category", "Categories that cannot be used", "Give each an id and a name."),
    FindingCode("duplicate_category", "Categories of one name", "Nothing, if they are one class; else rename one."),
    FindingCode("unnamed_class", "Numbers without a class name", "Add their names to data.yaml."),
    FindingCode("unquoted_name", "Names that YAML takes for values", "Put quotes around them in data.yaml."),
    FindingCode("class_count_mismatch", "Class counts unlike the names", "Correct nc or names in data.yaml."),
    FindingCode("class_name_chosen", "Masks that name no class", "Add a classes.txt with the name beside the masks."),
    FindingCode("value_is_class", "Mask values taken as classes", "Save instances apart if they must be told apart."),
    FindingCode("too_many_labels", "More classes than allowed", "Is this the right label column? See the settings."),
    FindingCode("near_twin_labels", "Class names that are nearly the same", "Merge them by renaming one."),
    FindingCode("separator_assumed", "Names parted in one way of two", "Write several names as a JSON list."),
]
_LABELS = [
    FindingCode("invalid_label", "Labels that cannot be understood", "Correct these labels; the message says how."),
    FindingCode("repaired_label", "Labels that were repaired", "Nothing needs to be done: the repair is certain."),
    FindingCode(
        "pixel_coordinates",
        "Coordinates in pixels",
        "Import again with the setting Coordinates of JSON Lines at pixels.",
    ),
    FindingCode("coordinates_taken_as_shares", "Coordinates taken as shares", "Nothing, if none of them is in pixels."),
    FindingCode("missing_box", "Objects without box and outline", "Draw them, or take them out."),
    FindingCode("invalid_box", "Boxes that cannot be used", "Write them as x, y, width and height in pixels."),
    FindingCode("outside_image", "Objects outside their image", "Were they drawn on an image of another size?"),
    FindingCode("no_usable_annotation", "Images none of whose objects is usable", "Correct the objects of the image."),
    FindingCode("too_many_objects", "Images with more objects than allowed", "Cut the image into tiles."),
    FindingCode("confidence_left_out", "Labels with a model's confidence", "Did a person look at these labels?"),
    FindingCode("rotated_box", "Turned boxes made upright", "Choose instance segmentation to keep their outlines."),
    FindingCode("box_as_outline", "Boxes taken as outlines", "Choose object detection, or draw outlines."),
    FindingCode("unsupported_shape", "Shapes that labels cannot hold", "Draw them as boxes or polygons if they count."),
    FindingCode("invalid_polygon", "Outlines that cannot be used", "Draw them again with three points or more."),
    FindingCode("object_without_outline", "Objects that no mask shows", "Paint them in the mask, or take them out."),
    FindingCode("invalid_mask", "Masks that cannot be used", "Save them again as PNG in the size of the image."),
    FindingCode("missing_mask", "Masks that are not there", "Add the masks, or correct the paths."),
    FindingCode("empty_mask", "Masks without a pixel", "Paint the object, or take it out."),
    FindingCode("filled_holes", "Holes of masks that were filled", "Nothing needs to be done: outlines have no holes."),
    FindingCode("hidden_instance", "Instances without a pixel", "Nothing, if others lie over them; else paint them."),
    FindingCode("stuff_left_out", "Segments of stuff", "Nothing needs to be done: they are no instances."),
    FindingCode("brush_unsupported", "Brush strokes that cannot be decoded", "Export again, or draw polygons."),
]
_IMAGES = [
    FindingCode("missing_image", "Images that are not there", "Add the images, or correct the paths."),
    FindingCode(
        "embedded_image",
        "Packed pictures that cannot be read",
        "Save the pictures as files beside the labels.",
    ),
    FindingCode("unreachable_image", "Images that cannot be fetched", "Put them into the upload instead."),
    FindingCode("unreadable_image", "Image files that cannot be read", "Upload them again."),
    FindingCode("invalid_image", "Files that are no image", "Replace them; JPEG, PNG, WebP, BMP, TIFF, GIF are read."),
    FindingCode("damaged_image", "Damaged images", "Save them again from their source."),
    FindingCode("image_too_large", "Images over the limit", "Scale them down, or cut them into tiles."),
    FindingCode("image_too_slow", "JPEGs made to take hours", "Save them again from their source."),
    FindingCode("repaired_image_name", "Images found by another name", "Are these the right images?"),
    FindingCode("missing_size", "Labels without the size of their image", NOTHING),
    FindingCode("size_mismatch", "Sizes that are not the image's", "Were the labels drawn on images of another size?"),
    FindingCode("conflicting_labels", "One picture, different labels", "Decide which label is right."),
    FindingCode("image_in_two_splits", "One picture in two splits", "Move it to one split: scores look too good."),
]
_WHOLE = [FindingCode("too_few_images", "Too few images", "Add images, or correct the rows the report names.")]
LISTED = [*_FILES, *_ROWS, *_CLASSES, *_LABELS, *_IMAGES, *_WHOLE]
_BY_CODE = {entry.code: entry for entry in LISTED}


def explain_code(code: str) -> FindingCode:
    """Title and advice of a finding's code; a code that is not listed is its own title."""
    return _BY_CODE.get(code) or FindingCode(code, code.replace("_", " ").capitalize())
