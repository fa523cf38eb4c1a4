"""The table of hyperparameters of object detection and instance segmentation (SPEC §4.3, §4.4)."""

from __future__ import annotations

from functools import partial

from vision.catalog.task_types import OBJECT_TASKS, TaskType
from vision.spec.parameter import Parameter
from vision.spec.settings import read_grid

_objects = partial(Parameter, task_types=OBJECT_TASKS)
_rcnn = partial(Parameter, task_types=OBJECT_TASKS, families=("fasterrcnn", "retinanet", "maskrcnn"))
_yolo = partial(Parameter, task_types=OBJECT_TASKS, families=("yolov5",))
_tiles = partial(Parameter, task_types=(TaskType.DETECTION,))

_SIZES = (
    _yolo(
        "model_size",
        "choice",
        "Model size",
        "How large a YOLOv5: each step is some two to three times as slow and finds a little more.",
        "Network",
        default="medium",
        choices=("nano", "small", "medium", "large", "extra_large"),
        value_titles=(
            "Nano (2.5 M weights)",
            "Small (9 M)",
            "Medium (25 M)",
            "Large (53 M)",
            "Extra large (97 M)",
        ),
        value_aliases=(("xlarge", "extra_large"),),
    ),
    Parameter(
        "image_size",
        "int",
        "Image size",
        "The side of the square images are brought to; networks of the Hub stretch them, YOLOv5 fills them up. Twice "
        "the size sees objects half as large and takes four times as long.",
        "Images",
        default=640,
        minimum=32,
        maximum=4096,
        unit="px",
        aliases=("img_size",),
        task_types=OBJECT_TASKS,
        families=("yolov5", "detr", "mask2former"),
    ),
    _yolo(
        "multi_scale",
        "bool",
        "Several scales",
        "Train on images between half and one and a half times the size, in turn. Needs more memory.",
        "Images",
        default=False,
        is_advanced=True,
    ),
    _rcnn(
        "min_size",
        "int",
        "Shorter side",
        "The shorter side images are scaled to, as far as the longest side allows. Smaller is faster and misses small "
        "objects.",
        "Images",
        default=600,
        minimum=32,
        maximum=4096,
        unit="px",
        aliases=("image_min_size",),
    ),
    _rcnn(
        "max_size",
        "int",
        "Longest side",
        "No side of a scaled image is longer than this.",
        "Images",
        default=1333,
        minimum=32,
        maximum=8192,
        unit="px",
        aliases=("image_max_size",),
        is_advanced=True,
    ),
    Parameter(
        "proposals",
        "choice",
        "Proposals",
        "How many candidate regions are looked at in each image. Reduced (400 while training) trains several times as "
        "fast on a CPU and may miss objects in crowded images.",
        "Network",
        default="auto",
        choices=("auto", "full", "reduced"),
        value_titles=("Reduced on a CPU, else all", "All, as published", "Reduced"),
        task_types=OBJECT_TASKS,
        families=("fasterrcnn", "maskrcnn"),
        is_advanced=True,
    ),
)

_FINDING = (
    _objects(
        "box_score_threshold",
        "float",
        "Lowest score",
        "Found objects below this score are not handed over by the finished model. For YOLOv5 it is the chance of an "
        "object times that of its label.",
        "Objects",
        default=0.3,
        minimum=0,
        maximum=1,
        aliases=("box_score_thresh",),
    ),
    _objects(
        "nms_iou_threshold",
        "float",
        "Overlap of repeats",
        "Of boxes with one label that overlap by more than this (intersection over union) the best alone stays. At 1 "
        "nothing is taken out: networks of the Hub find each object once.",
        "Objects",
        default=0.5,
        minimum=0,
        maximum=1,
        aliases=("nms_iou_thresh", "box_nms_thresh", "box_iou_thresh"),
        is_advanced=True,
    ),
    _objects(
        "box_detections_per_image",
        "int",
        "Most objects",
        "At most this many objects are found in one image, the best first.",
        "Objects",
        default=100,
        minimum=1,
        maximum=10_000,
        aliases=("box_detections_per_img",),
        is_advanced=True,
    ),
)

_TILES = (
    _tiles(
        "tile_grid_size",
        "string",
        "Tiles",
        "Cuts each image into overlapping tiles that pass through the network beside the whole, so that small objects "
        "are seen: 3x2 is 3 across and 2 down and takes 7 times as long.",
        "Small objects",
        read=read_grid,
        accepts="across x down, such as 3x2",
        suggestions=("2x1", "3x2", "5x3"),
        is_advanced=True,
    ),
    _tiles(
        "tile_overlap_ratio",
        "float",
        "Overlap of tiles",
        "The part of a tile's side that its neighbour covers too.",
        "Small objects",
        default=0.25,
        minimum=0,
        maximum=0.99,
        is_advanced=True,
    ),
    _tiles(
        "tile_predictions_nms_threshold",
        "float",
        "Overlap of repeats across tiles",
        "Of boxes that several tiles found and that overlap by more than this the best alone stays.",
        "Small objects",
        default=0.25,
        minimum=0,
        maximum=1,
        aliases=("tile_predictions_nms_thresh",),
        is_advanced=True,
    ),
)

_SCORING = (
    _objects(
        "validation_metric_type",
        "choice",
        "Metrics",
        "voc scores at one overlap, coco also averages over the overlaps 0.5 to 0.95; none skips the scores by label.",
        "Validation",
        default="voc",
        choices=("none", "coco", "voc", "coco_voc"),
        value_titles=("None", "COCO", "Pascal VOC", "Both"),
        is_advanced=True,
    ),
    _objects(
        "validation_iou_threshold",
        "float",
        "Overlap that counts",
        "How much a found box (or mask) must overlap the true one to count as found: intersection over union.",
        "Validation",
        default=0.5,
        minimum=0.1,
        maximum=1,
        aliases=("iou_threshold",),
        is_advanced=True,
    ),
)

DETECTION_PARAMETERS = (*_SIZES, *_FINDING, *_TILES, *_SCORING)
