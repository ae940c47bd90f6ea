"""The known exports."""

from tfx_pipeline.init.layouts.amazon_reviews import AMAZON_REVIEWS_2018, AMAZON_REVIEWS_2023
from tfx_pipeline.init.layouts.google_analytics import GOOGLE_ANALYTICS
from tfx_pipeline.init.layouts.instacart import INSTACART
from tfx_pipeline.init.layouts.layout import Layout
from tfx_pipeline.init.layouts.magento import MAGENTO
from tfx_pipeline.init.layouts.olist import OLIST
from tfx_pipeline.init.layouts.online_retail import ONLINE_RETAIL
from tfx_pipeline.init.layouts.retailrocket import RETAILROCKET
from tfx_pipeline.init.layouts.shopify import SHOPIFY
from tfx_pipeline.init.layouts.taobao import TAOBAO
from tfx_pipeline.init.layouts.woocommerce import WOOCOMMERCE

LAYOUTS: tuple[Layout, ...] = (
    SHOPIFY,
    WOOCOMMERCE,
    MAGENTO,
    ONLINE_RETAIL,
    OLIST,
    RETAILROCKET,
    INSTACART,
    AMAZON_REVIEWS_2018,
    AMAZON_REVIEWS_2023,
    TAOBAO,
    GOOGLE_ANALYTICS,
)
