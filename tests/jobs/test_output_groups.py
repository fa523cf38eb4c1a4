from jobs.output_groups import group_files


def test_files_stand_by_what_they_are_for_and_the_models_many_are_folded():
    paths = [
        "evaluation/evaluation.json",
        "logs/azureml_automl_vision.log",
        "outputs/mlflow-model/MLmodel",
        "outputs/mlflow-model/code/vision/a.py",
        "outputs/model.safetensors",
        "train_artifacts/model.onnx",
        "stray.txt",
    ]
    groups = group_files([{"path": path, "size": 10} for path in paths])
    assert [group["title"] for group in groups] == ["The model", "Artifacts", "Evaluation", "Log", "Other files"]
    assert [file["path"] for file in groups[0]["files"]] == ["outputs/model.safetensors"]
    assert (len(groups[0]["folded"]), groups[0]["folded_size"]) == (2, 20)
    assert sum(len(group["files"]) + len(group["folded"]) for group in groups) == len(paths)


def test_no_files_no_groups():
    assert group_files([]) == []
