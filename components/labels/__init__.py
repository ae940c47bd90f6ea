"""How models that give labels are judged: classifiers of texts and segmentations alike."""
