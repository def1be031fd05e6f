"""What is said about PyOD's parameters beyond their signatures: reviewed by hand.

A key is a parameter's name, or ``"Class.name"`` where one class differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs


@attrs.frozen
class Rule:
    """Help, and what the signature and scikit-learn's constraints leave open.

    Attributes:
        help: One sentence.
        type: Alternatives, such as ``"integer|number|'auto'|null"`` or ``"[integer]"``; empty
            where scikit-learn's constraint or the default's type says it.
        bounds: ``ge``, ``gt``, ``le``, ``lt``.
        tune: Range or choices that a tuner may search.
    """

    help: str
    type: str = ""
    bounds: dict[str, float] = attrs.field(factory=dict)
    tune: Sequence[Any] | None = None


def _rule(help: str, type: str = "", tune: Sequence[Any] | None = None, **bounds: float) -> Rule:
    return Rule(help, type, bounds, tune)


_METRICS = "'minkowski'|'euclidean'|'manhattan'|'chebyshev'|'canberra'|'braycurtis'"
_ACTIVATION = "'relu'|'tanh'|'sigmoid'|'leaky_relu'|'elu'|'identity'"
_SIMPLE_ACTIVATION = "'relu'|'tanh'|'sigmoid'"
_FUSION = "'max'|'mean'"

NEIGHBOUR_RULES = {
    "algorithm": _rule("How neighbours are found.", "'auto'|'ball_tree'|'kd_tree'|'brute'"),
    "KDE.algorithm": _rule("Tree that sums the kernels.", "'auto'|'ball_tree'|'kd_tree'"),
    "HDBSCAN.algorithm": _rule(
        "How core distances are found.", "'auto'|'ball_tree'|'kd_tree'|'brute'"
    ),
    "leaf_size": _rule("Rows in a leaf of the neighbour tree; it changes speed only.", ge=1),
    "metric": _rule("Distance between rows.", _METRICS),
    "HDBSCAN.metric": _rule("Distance between rows.", "'euclidean'|'manhattan'|'chebyshev'"),
    "KDE.metric": _rule("Distance between rows.", "'minkowski'|'euclidean'|'manhattan'"),
    "SOS.metric": _rule("Distance between rows.", "'euclidean'|'cityblock'|'chebyshev'|'cosine'"),
    "p": _rule(
        "Power of the Minkowski metric: 1 is Manhattan, 2 Euclidean.", "integer|number", ge=1
    ),
    "n_neighbors": _rule("Neighbours that a row is compared with.", "integer", tune=(5, 50), ge=1),
    "ABOD.n_neighbors": _rule(
        "Neighbours whose angles count, for method 'fast'.", "integer", tune=(5, 30), ge=3
    ),
    "LUNAR.n_neighbours": _rule("Neighbours that a row is compared with.", tune=(5, 50), ge=1),
    "ABOD.method": _rule("All rows' angles, or those of the neighbours only.", "'fast'|'default'"),
    "COF.method": _rule("Quick, or sparing with memory.", "'fast'|'memory'"),
    "KNN.method": _rule(
        "Which of the k distances is the score.",
        "'largest'|'mean'|'median'",
        tune=("largest", "mean"),
    ),
    "KNN.radius": _rule("Range of radius queries; kNN scores do not use it.", "number", gt=0),
    "ref_set": _rule("Shared neighbours that define a row's subspace; below n_neighbors.", ge=1),
    "SOD.alpha": _rule("Share of the mean variance below which a column counts.", gt=0, lt=1),
    "LOCI.alpha": _rule("Counting radius as a share of the sampling radius.", gt=0, le=1),
    "LOCI.k": _rule("Standard deviations beyond which a row is an outlier.", ge=1),
    "n_clusters": _rule("Clusters.", tune=(2, 20), ge=2),
    "CBLOF.alpha": _rule("Share of the rows that large clusters hold together.", gt=0.5, lt=1),
    "CBLOF.beta": _rule(
        "Ratio of sizes that parts large clusters from small ones.", "integer|number", gt=1
    ),
    "use_weights": _rule("Whether a distance is multiplied by its cluster's size."),
    "min_cluster_size": _rule("Fewest rows of a cluster.", tune=(5, 50)),
    "min_samples": _rule("Neighbours that make a row a core row; null is min_cluster_size."),
    "HDBSCAN.alpha": _rule("Scale of distances in the linkage.", gt=0),
    "subset_size": _rule("Sampled rows, as a number or a share.", "integer|number", gt=0),
    "perplexity": _rule("Effective neighbours of a row.", tune=(3.0, 50.0), gt=1),
    "eps": _rule("Tolerance of the search for each row's bandwidth.", gt=0),
    "bandwidth": _rule("Width of the kernel, or the rule that chooses it.", tune=(0.1, 3.0)),
}

MODEL_RULES = {
    "threshold": _rule("Robust standard deviations that PyOD's own labels use.", gt=0),
    "n_bins": _rule(
        "Bins of each histogram, or a rule that chooses.", "integer|'auto'", tune=(5, 50), ge=2
    ),
    "LSCP.n_bins": _rule("Bins in which detectors of like competence are grouped.", ge=2),
    "HBOS.alpha": _rule("Added to every density against overflow.", gt=0, lt=1),
    "HBOS.tol": _rule("Bin widths by which a value may lie outside.", gt=0, lt=1),
    "n_random_cuts": _rule("Random projections.", tune=(50, 500), ge=1),
    "n_components": _rule("Components that are kept; null keeps all."),
    "GMM.n_components": _rule("Gaussians in the mixture.", tune=(1, 10)),
    "n_selected_components": _rule(
        "Smallest components that score; null takes all.", "integer|null", ge=1
    ),
    "whiten": _rule("Whether components are scaled to unit variance."),
    "svd_solver": _rule("How the decomposition is computed."),
    "tol": _rule("Tolerance at which the solver stops."),
    "iterated_power": _rule("Power iterations of the randomized solver."),
    "weighted": _rule("Whether small components weigh more."),
    "standardization": _rule("Whether PyOD standardises the columns once more."),
    "kernel": _rule("Kernel.", "'linear'|'poly'|'rbf'|'sigmoid'|'cosine'"),
    "OCSVM.kernel": _rule("Kernel.", "'linear'|'poly'|'rbf'|'sigmoid'", tune=("rbf", "sigmoid")),
    "gamma": _rule("Coefficient of the rbf, poly and sigmoid kernels."),
    "degree": _rule("Degree of the poly kernel."),
    "coef0": _rule("Constant term of the poly and sigmoid kernels."),
    "KPCA.alpha": _rule("Ridge of the inverse transform."),
    "KPCA.coef0": _rule("Constant term of the poly and sigmoid kernels.", "integer|number"),
    "KPCA.tol": _rule(
        "Tolerance of the arpack solver; 0 is the machine's.", "integer|number", ge=0
    ),
    "eigen_solver": _rule("How eigenvectors are found."),
    "remove_zero_eig": _rule("Whether components with eigenvalue 0 are dropped."),
    "sampling": _rule("Whether to fit on a random subset only."),
    "KPCA.subset_size": _rule(
        "Rows of that subset, as a number or a share.", "integer|number", gt=0
    ),
    "max_iter": _rule("Most iterations; null or -1 for no limit."),
    "nu": _rule(
        "Upper bound of the share of rows outside, lower bound of support vectors.",
        tune=(0.01, 0.5),
    ),
    "shrinking": _rule("Whether the solver uses the shrinking heuristic."),
    "cache_size": _rule("Kernel cache in MB."),
    "assume_centered": _rule("Whether rows are taken as centred on 0."),
    "support_fraction": _rule(
        "Share of the rows in the raw estimate; null chooses.", tune=(0.5, 0.95)
    ),
    "covariance_type": _rule("Shape of the Gaussians."),
    "reg_covar": _rule("Added to the diagonal of each covariance."),
    "n_init": _rule("Starts, of which the best is kept."),
    "init_params": _rule("How the mixture is started."),
    "n_iter": _rule("Random orders that are tried.", tune=(10, 100), ge=1),
    "dis_measure": _rule(
        "Dissimilarity: absolute deviation, variance, interquartile range.", "'aad'|'var'|'iqr'"
    ),
    "RGraph.algorithm": _rule(
        "Sparse regression of a row on the others.", "'lasso_lars'|'lasso_cd'"
    ),
    "RGraph.gamma": _rule("Weight of sparsity against error.", gt=0),
    "gamma_nz": _rule("Whether gamma is relative to the value that gives all zeros."),
    "transition_steps": _rule("Steps of the random walk.", ge=1),
    "n_nonzero": _rule("Most rows that represent a row.", ge=1),
    "tau": _rule("Share of the lasso in the elastic net.", ge=0, le=1),
    "maxiter_lasso": _rule("Most iterations of the regression.", ge=1),
    "preprocessing": _rule("Whether PyOD standardises the columns once more."),
    "blocksize_test_data": _rule("New rows that join the graph together.", ge=1),
    "support_init": _rule("How the first rows of a representation are chosen.", "'L2'|'knn'"),
    "maxiter": _rule("Most iterations of the active-support search.", ge=1),
    "support_size": _rule("Rows that a representation may choose from.", ge=1),
    "active_support": _rule("Whether that choice is refined."),
    "fit_intercept_LR": _rule("Whether the regression has an intercept."),
}

ENSEMBLE_RULES = {
    "n_estimators": _rule("Members of the ensemble.", tune=(50, 500), ge=1),
    "max_samples": _rule(
        "Rows of each member's sample, as a number or a share.", "integer|number|'auto'", gt=0
    ),
    "DIF.max_samples": _rule("Rows of each tree's sample.", ge=2),
    "IForest.max_samples": _rule(
        "Rows of each tree's sample, as a number or a share; 'auto' is 256.", tune=(64, 1024)
    ),
    "max_features": _rule(
        "Columns of each member, as a number or a share.", "integer|number", gt=0
    ),
    "bootstrap": _rule("Whether samples are drawn with replacement."),
    "bootstrap_features": _rule("Whether columns are drawn with replacement."),
    "combination": _rule("How scores are combined.", "'average'|'max'"),
    "SUOD.combination": _rule("How scores are combined.", "'average'|'maximization'"),
    "MultiModalOD.combination": _rule(
        "How scores are combined.", "'average'|'maximization'|'median'"
    ),
    "standardize_scores": _rule("Whether each modality's scores are standardised."),
    "local_region_size": _rule(
        "Neighbours over which detectors are compared.", tune=(20, 60), ge=2
    ),
    "local_max_features": _rule("Share of columns in each search for neighbours.", gt=0, le=1),
    "rp_flag_global": _rule("Whether random projections are used."),
    "target_dim_frac": _rule("Share of the columns that projections keep.", gt=0, le=1),
    "jl_method": _rule("Random projection.", "'basic'|'discrete'|'circulant'|'toeplitz'"),
    "bps_flag": _rule("Whether work is balanced over processes."),
    "approx_flag_global": _rule("Whether a regressor stands in for slow detectors' scoring."),
    "max_depth": _rule("Depth of a tree.", ge=1),
    "XGBOD.learning_rate": _rule("Shrinkage of each tree.", gt=0, le=1),
    "objective": _rule("Learning objective.", "string"),
    "booster": _rule("Kind of booster.", "'gbtree'|'gblinear'|'dart'"),
    "XGBOD.gamma": _rule("Least loss reduction of a split.", "integer|number", ge=0),
    "min_child_weight": _rule("Least weight of a leaf.", "integer|number", ge=0),
    "max_delta_step": _rule(
        "Largest step of a leaf's weight; 0 is no limit.", "integer|number", ge=0
    ),
    "subsample": _rule("Share of rows for each tree.", "integer|number", gt=0, le=1),
    "colsample_bytree": _rule("Share of columns for each tree.", "integer|number", gt=0, le=1),
    "colsample_bylevel": _rule("Share of columns for each level.", "integer|number", gt=0, le=1),
    "reg_alpha": _rule("L1 penalty.", "integer|number", ge=0),
    "reg_lambda": _rule("L2 penalty.", "integer|number", ge=0),
    "scale_pos_weight": _rule("Weight of the anomalous class.", "integer|number", gt=0),
    "base_score": _rule("Prediction before any tree.", gt=0, lt=1),
}

NETWORK_RULES = {
    "lr": _rule("Learning rate.", tune=(1e-4, 1e-2), gt=0),
    "learning_rate": _rule("Learning rate.", tune=(1e-4, 1e-2), gt=0),
    "lr_d": _rule("Learning rate of the discriminator.", gt=0),
    "lr_g": _rule("Learning rate of the generator.", gt=0),
    "learning_rate_gen": _rule("Learning rate of the generator.", gt=0),
    "learning_rate_disc": _rule("Learning rate of the discriminators.", gt=0),
    "learning_rate_query": _rule("Learning rate of the search for an imitation.", gt=0),
    "momentum": _rule("Momentum of the optimiser.", ge=0, lt=1),
    "epochs": _rule("Passes over the data.", ge=1),
    "epoch_num": _rule("Passes over the data.", tune=(5, 100), ge=1),
    "n_epochs": _rule("Passes over the data.", ge=1),
    "stop_epochs": _rule("Epochs that the generator trains; three times as many in all.", ge=1),
    "epochs_query": _rule("Steps of the search for an imitation.", ge=1),
    "batch_size": _rule("Rows in a training batch.", ge=1),
    "optimizer": _rule("Optimiser.", "'adam'|'sgd'"),
    "optimizer_name": _rule("Optimiser.", "'adam'|'sgd'"),
    "weight_decay": _rule("L2 penalty of the weights.", ge=0),
    "wd": _rule("L2 penalty of the weights.", ge=0),
    "l2_regularizer": _rule("L2 penalty of the weights.", ge=0),
    "dropout": _rule("Share of units dropped in training.", ge=0, lt=1),
    "dropout_rate": _rule("Share of units dropped in training.", ge=0, lt=1),
    "batch_norm": _rule("Whether batches are normalised."),
    "use_compile": _rule("Whether torch compiles the network."),
    "compile_mode": _rule("How torch compiles it.", "'default'|'reduce-overhead'|'max-autotune'"),
    "criterion_name": _rule("Loss.", "'bce'|'mse'|'mae'"),
    "hidden_neuron_list": _rule("Units of the hidden layers.", "[integer]|null"),
    "hidden_neurons": _rule("Units of the hidden layers; null chooses.", "[integer]|null"),
    "encoder_neuron_list": _rule("Units of the encoder's layers.", "[integer]"),
    "decoder_neuron_list": _rule("Units of the decoder's layers.", "[integer]"),
    "enc_layers": _rule("Units of the encoder's layers.", "[integer]"),
    "dec_layers": _rule("Units of the decoder's layers.", "[integer]"),
    "disc_xx_layers": _rule("Units of the discriminator of rows.", "[integer]"),
    "disc_zz_layers": _rule("Units of the discriminator of codes.", "[integer]"),
    "disc_xz_layers": _rule("Units of the joint discriminator.", "[integer]"),
    "G_layers": _rule("Units of the generator's layers.", "[integer]"),
    "D_layers": _rule("Units of the discriminator's layers.", "[integer]"),
    "index_D_layer_for_recon_error": _rule("Layer whose features are compared.", ge=0),
    "activation_hidden": _rule("Activation of hidden layers.", _SIMPLE_ACTIVATION),
    "activation_hidden_gen": _rule("Activation of the generator.", _SIMPLE_ACTIVATION),
    "activation_hidden_disc": _rule("Activation of the discriminators.", _SIMPLE_ACTIVATION),
    "hidden_activation": _rule("Activation of hidden layers.", _ACTIVATION),
    "hidden_activation_name": _rule("Activation of hidden layers.", _ACTIVATION),
    "DeepSVDD.output_activation": _rule("Activation of the output.", _ACTIVATION),
    "output_activation": _rule(
        "Activation of the output; null for none.", f"{_SIMPLE_ACTIVATION}|null"
    ),
    "output_activation_name": _rule("Activation of the output.", _ACTIVATION),
    "latent_dim": _rule("Size of the code.", tune=(2, 16), ge=1),
    "latent_dim_G": _rule("Size of the generator's input.", ge=1),
    "VAE.beta": _rule("Weight of the divergence.", ge=0),
    "capacity": _rule("Divergence that costs nothing.", ge=0),
    "logvar_clip": _rule("Range to which the code's log variance is clipped.", "[number]"),
    "add_recon_loss": _rule("Whether reconstruction joins the loss."),
    "lambda_recon_loss": _rule("Weight of that reconstruction.", ge=0),
    "add_disc_zz_loss": _rule("Whether codes have a discriminator."),
    "spectral_normalization": _rule("Whether discriminators are normalised."),
    "use_ae": _rule("Whether the network is an autoencoder."),
    "validation_size": _rule("Share of rows held out to choose the epoch.", gt=0, lt=1),
    "val_size": _rule("Share of rows held out to choose the epoch.", gt=0, lt=1),
    "AE1SVM.alpha": _rule("Weight of the reconstruction.", ge=0),
    "AE1SVM.sigma": _rule("Width of the approximated kernel.", gt=0),
    "kernel_approx_features": _rule("Random Fourier features.", ge=1),
    "network_depth": _rule("Depth of the network.", "1|2|4"),
    "nb_batch": _rule("Batches in an epoch.", ge=1),
    "known_outliers": _rule("Labelled anomalies that are used.", ge=1),
    "cont_rate": _rule("Share of unlabelled rows that are noise.", ge=0, lt=1),
    "data_format": _rule("Layout of the data; 0 is a matrix.", "0|1"),
    "representation_dim": _rule("Outputs of each random network.", ge=1),
    "n_ensemble": _rule("Random networks.", ge=1),
    "DIF.n_estimators": _rule("Trees for each random network.", ge=1),
    "skip_connection": _rule("Whether layers are skipped to the output."),
    "model_type": _rule("Whether the network gives weights or scores.", "'WEIGHT'|'SCORE'"),
    "negative_sampling": _rule("How made-up anomalies are drawn.", "'UNIFORM'|'SUBSPACE'|'MIXED'"),
    "LUNAR.epsilon": _rule("Size of the noise in made-up anomalies.", gt=0),
    "proportion": _rule("Made-up anomalies for each row.", gt=0),
    "MO_GAAL.k": _rule("Generators.", ge=1),
}

SERIES_RULES = {
    "window_size": _rule("Time steps in a window.", tune=(10, 200), ge=2),
    "score_window": _rule("Width of the average over the spectrum.", ge=1),
    "step": _rule("Time steps between windows.", ge=1),
    "channel_aggregation": _rule("How channels' scores are combined.", _FUSION),
    "score_aggregation": _rule("How the scores of a step's windows are combined.", _FUSION),
    "TimeSeriesOD.detector": _rule(
        "Detector that scores the windows.",
        "'IForest'|'KNN'|'LOF'|'HBOS'|'PCA'|'OCSVM'|'MCD'|'INNE'|'LODA'|'GMM'|'KDE'",
    ),
    "KShape.n_clusters": _rule("Typical shapes.", tune=(2, 10), ge=1),
    "SAND.n_clusters": _rule("Typical shapes.", tune=(2, 10), ge=1),
    "SAND.alpha": _rule("How quickly shapes follow the series.", ge=0, le=1),
    "SAND.batch_size": _rule("Windows that are learnt together.", ge=1),
    "hidden_size": _rule("Units of a recurrent layer.", ge=1),
    "n_layers": _rule("Layers.", ge=1),
    "n_heads": _rule("Attention heads; they divide d_model.", ge=1),
    "d_model": _rule("Width of the attention network.", ge=1),
    "lambda_": _rule("Weight of the association discrepancy.", ge=0),
}

OTHER_RULES = {
    "hidden_dim": _rule("Size of a node's code.", ge=1),
    "embed_dim": _rule("Size of a node's code.", ge=1),
    "num_layers": _rule("Layers.", ge=1),
    "num_heads": _rule("Attention heads.", ge=1),
    "alpha": _rule("Weight of attributes against structure.", ge=0, le=1),
    "ANOMALOUS.alpha": _rule("Weight of sparse representation.", ge=0),
    "ANOMALOUS.gamma": _rule("Weight of the residuals' smoothness.", ge=0),
    "ANOMALOUS.lambda_r": _rule("Weight of the residuals.", ge=0),
    "Radar.alpha": _rule("Weight of sparse representation.", ge=0),
    "Radar.gamma": _rule("Weight of the residuals' smoothness.", ge=0),
    "aug_ratio": _rule("Share of nodes made anomalous for training.", gt=0, lt=1),
    "SCAN.epsilon": _rule("Structural similarity that joins two nodes.", gt=0, le=1),
    "mu": _rule("Fewest similar neighbours of a core node.", ge=1),
    "EmbeddingOD.detector": _rule("Detector of the embeddings.", "string"),
    "EmbeddingOD.batch_size": _rule("Items that are encoded together.", ge=1),
    "reduce_dim": _rule(
        "Components to which embeddings are reduced; null for none.", "integer|null", ge=1
    ),
    "standardize": _rule("Whether embeddings are standardised."),
    "n_mels": _rule("Mel bands.", ge=1),
    "context": _rule("Frames that are seen together.", ge=1),
    "hop_length": _rule("Samples between frames.", ge=1),
    "sr": _rule("Samples a second.", ge=1),
}

RULES: dict[str, Rule] = {
    **NEIGHBOUR_RULES,
    **MODEL_RULES,
    **ENSEMBLE_RULES,
    **NETWORK_RULES,
    **SERIES_RULES,
    **OTHER_RULES,
}
"""All of them."""

_SEED = "the core passes a seed"
_ONE_THREAD = "the core decides about parallel work"
_OBJECT = "an object or a function, which no parameter can carry"
_INERT = "it changes nothing that a caller sees"

LEFT_OUT: dict[str, str] = {
    "contamination": "alarms are decided by calibration, never by this quantile",
    "random_state": _SEED,
    "random_seed": _SEED,
    "n_jobs": _ONE_THREAD,
    "nthread": _ONE_THREAD,
    "parallel_execution": _ONE_THREAD,
    "device": "PyOD takes a GPU where there is one",
    "verbose": "a detector never prints",
    "silent": "a detector never prints",
    "n_features": "the adapter takes it from the data",
    "novelty": "LOF always scores new rows",
    "behaviour": _INERT,
    "copy": _INERT,
    "copy_X": _INERT,
    "store_precision": _INERT,
    "warm_start": _INERT,
    "check_estimator": _INERT,
    "check_detector": _INERT,
    "cache_embeddings": _INERT,
    "kwargs": "XGBoost's own",
    **dict.fromkeys(
        [
            "approx_clf", "approx_clf_list", "approx_ng_clf_list", "base_estimator",
            "base_estimators", "c", "clustering_estimator", "criterion", "criterion_params",
            "detector_list", "encoder", "estimator_list", "estimator_params", "kernel_params",
            "loss_fn", "means_init", "metric_params", "modalities", "model", "optimizer_params",
            "precisions_init", "rp_clf_list", "rp_ng_clf_list", "scaler",
            "standardization_flag_list", "weights_init",
        ],
        _OBJECT,
    ),
}  # fmt: skip
"""Parameters that Pynomaly does not offer, and why."""

WRAPPED = {
    "IForest": "sklearn.ensemble:IsolationForest",
    "LOF": "sklearn.neighbors:LocalOutlierFactor",
    "OCSVM": "sklearn.svm:OneClassSVM",
    "GMM": "sklearn.mixture:GaussianMixture",
    "KPCA": "sklearn.decomposition:KernelPCA",
    "PCA": "sklearn.decomposition:PCA",
    "MCD": "sklearn.covariance:MinCovDet",
    "KDE": "sklearn.neighbors:KernelDensity",
    "HDBSCAN": "sklearn.cluster:HDBSCAN",
    "KNN": "sklearn.neighbors:NearestNeighbors",
    "ABOD": "sklearn.neighbors:NearestNeighbors",
    "SOD": "sklearn.neighbors:NearestNeighbors",
    "LUNAR": "sklearn.neighbors:NearestNeighbors",
    "CBLOF": "sklearn.cluster:KMeans",
}
"""scikit-learn estimators whose constraints hold for the parameters that PyOD passes on."""
