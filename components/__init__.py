"""TFX components: tables in, judged and pushed models out."""

import trainer as trainer  # Chooses legacy Keras before TFX can touch TensorFlow's Keras.
