"""Views of Beam's options that are made once."""

from __future__ import annotations

import copy

from apache_beam.options.pipeline_options import DebugOptions, PipelineOptions, StandardOptions

from hushbeam.pipelines.options.cached_views import OptionsWithViews


def test_a_view_is_made_once_and_shares_its_values() -> None:
    options = OptionsWithViews(["--runner=FnApiRunner", "--experiments=one"], save_main_session=False)
    standard = options.view_as(StandardOptions)
    assert options.view_as(StandardOptions) is standard
    standard.runner = "PrismRunner"
    assert options.view_as(DebugOptions).view_as(StandardOptions).runner == "PrismRunner"
    assert options.get_all_options() == _same_of_beam().get_all_options() | {"runner": "PrismRunner"}


def test_a_copy_has_values_of_its_own() -> None:
    options = OptionsWithViews(["--runner=FnApiRunner"])
    options.view_as(StandardOptions)
    copied = copy.deepcopy(options)
    copied.view_as(StandardOptions).runner = "PrismRunner"
    assert options.view_as(StandardOptions).runner == "FnApiRunner"
    assert copied.view_as(StandardOptions).runner == "PrismRunner"


def _same_of_beam() -> PipelineOptions:
    options = PipelineOptions(["--runner=FnApiRunner", "--experiments=one"], save_main_session=False)
    options.view_as(StandardOptions)
    options.view_as(DebugOptions)
    return options
