"""Networks of the Hub that find objects, in their own library's code: a fixed number of queries, each of which may come
to stand for one object.

Which query learns from which object is settled anew for every batch, by the assignment that costs least; so an object
is found once and nothing has to be suppressed. Sources: Carion et al., End-to-End Object Detection with Transformers,
ECCV 2020; Zhu et al., Deformable DETR, ICLR 2021; Meng et al., Conditional DETR, ICCV 2021; Lv et al., RT-DETRv2, 2024;
Peng et al., D-FINE, ICLR 2025; Cheng et al., Mask2Former, CVPR 2022.
"""
