"""Faster R-CNN, Mask R-CNN and RetinaNet on torchvision's modules, under torchvision's own tensor names.

Images come normalised, resized and padded, so torchvision's `GeneralizedRCNNTransform` has no part here: backbone and
heads are run on the batch as it is. Sources: Ren et al., Faster R-CNN, NIPS 2015; He et al., Mask R-CNN, ICCV 2017; Lin
et al., Feature Pyramid Networks, CVPR 2017; Lin et al., Focal Loss for Dense Object Detection, ICCV 2017.
"""
